# docker build -t polarvae . && docker run --rm -v "$PWD:/data" -w /data polarvae info
FROM debian:12-slim AS build
COPY . /src
# git tells the commit that `polarvae info` prints.
RUN cd /src && ./dev deps && apt-get install -y --no-install-recommends git \
    && cmake -S . -B /build -G Ninja -DBUILD_TESTING=OFF \
    && cmake --build /build \
    && cmake --install /build --prefix /opt/polarvae

FROM debian:12-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
       libhdf5-103-1 libyaml-0-2 libcairo2 libgsl27 liblbfgs0 liblinear4 libzip4 zlib1g \
       libjansson4 libgif7 libprotobuf-c1 libmatio11 libpng16-16 libjpeg62-turbo gnuplot-nox \
       fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/polarvae /usr/local
ENTRYPOINT ["polarvae"]
CMD ["help"]
