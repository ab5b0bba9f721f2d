# chromium.sh -- the page of a report in a browser: phone and desktop, light and dark, on paper; no
# error, nothing wider than the screen, every figure drawn and legible.
# shellcheck shell=sh
. "$SOURCE/tests/cli/check.inc"

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || {
    echo "skipped: there is no Chromium (Debian: chromium) to open a report in"
    exit 77
}
command -v gnuplot >/dev/null || {
    echo "skipped: there is no gnuplot to draw with"
    exit 77
}

chromium() { # chromium OPTION... FILE: with a profile of its own; messages of the page on stderr
    timeout 180 "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars \
        --user-data-dir="$work/profile" --enable-logging=stderr --log-level=0 "$@"
}

need awk -v dir=runs -v datas=1 -v strengths=3 -v seeds=2 -f "$SOURCE/tests/report/make_runs.awk"
mkdir -p runs/lost 'runs/<b>odd & "long" name without any place to break it whatsoever at all'
printf '{"state": "failed", "error": "%0200d"}\n' 7 >runs/lost/status.json
cp runs/lost/status.json runs/*odd*
need polarvae report runs -o page.html --quiet >out.text
figures=$(sed -n 's/.* \([0-9]*\) figures$/\1/p' out.text)
check "only $figures figures" test "$figures" -gt 300

# The same page and a script that unfolds and measures it, in a frame as wide as a screen (windows
# have a least width): what it finds is left in the DOM of the page around.
{
    cat page.html
    cat <<'END'
<script>
document.querySelectorAll("details").forEach(d => d.open = true);
const found = [], screen = document.scrollingElement;
const tell = (what, value) => found.push(what + "=" + value);
tell("width", innerWidth);
tell("overflow", screen.scrollWidth - innerWidth);
tell("dark", matchMedia("(prefers-color-scheme: dark)").matches);
const level = color => color.match(/[\d.]+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0) / 3;
const style = getComputedStyle(document.body);
tell("paper", level(style.backgroundColor) > 128 ? "light" : "dark");
tell("contrast", Math.abs(level(style.backgroundColor) - level(style.color)) > 150);
let shown = 0, wide = 0, empty = 0, smallest = 99, unknown = 0;
for (const svg of document.querySelectorAll("svg")) {
    const box = svg.getBoundingClientRect(), scale = box.width / svg.viewBox.baseVal.width;
    shown += box.width > 50 && box.height > 50 && svg.checkVisibility();
    wide += box.left < 0 || box.right > innerWidth + 0.5;
    empty += svg.querySelectorAll("path,polygon,circle").length < 4;
    for (const text of svg.querySelectorAll("text"))
        smallest = Math.min(smallest, scale * parseFloat(getComputedStyle(text).fontSize));
    for (const shape of svg.querySelectorAll("[stroke^=var],[fill^=var]"))
        unknown += !/rgb/.test(getComputedStyle(shape)[shape.hasAttribute("fill") ? "fill" : "stroke"]);
}
tell("shown", shown), tell("wide", wide), tell("empty", empty), tell("unknown", unknown);
tell("legible", smallest >= 8);
const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
tell("twice", ids.length - new Set(ids).size);
tell("broken", [...document.querySelectorAll("a")].filter(a => !document.querySelector(a.hash)).length);
parent.postMessage(";" + found.join(";") + ";", "*");
</script>
END
} >measured.html
for width in 390 1280; do
    cat >frame$width.html <<END
<!doctype html><meta name=color-scheme content="light dark"><body style="margin:0">
<script>onmessage = e => document.body.setAttribute("data-found", e.data)</script>
<iframe src=measured.html style="width:${width}px;height:900px;border:0"></iframe>
END
done

# found WHAT: the script has left it in the DOM.
found() { check "$look: not $1 but $(tr ';' '\n' <found.text | grep "^${1%%=*}=")" grep -q ";$1;" found.text; }

for width in 390 1280; do
    for scheme in light dark; do
        look="$width wide, $scheme"
        number=1
        [ $scheme = dark ] && number=0
        chromium --window-size=1280,900 --blink-settings=preferredColorScheme=$number \
            --virtual-time-budget=10000 --dump-dom "file://$work/frame$width.html" >dom.html 2>messages.text
        check "$look: no page" test $? -eq 0
        check "$look: messages: $(grep CONSOLE messages.text)" sh -c '! grep -q CONSOLE messages.text'
        grep -o 'data-found="[^"]*"' dom.html >found.text
        found width=$width
        found overflow=0
        found dark="$([ $scheme = dark ] && echo true || echo false)"
        found paper=$scheme
        found contrast=true
        found shown="$figures"
        for fault in wide empty unknown twice broken; do found $fault=0; done
        found legible=true
    done
done

# As it is, without a script of ours: no message, and nothing fetched.
chromium --dump-dom "file://$work/page.html" >dom.html 2>messages.text
check "messages: $(grep CONSOLE messages.text)" sh -c '! grep -q CONSOLE messages.text'
check "the page refers to other files" sh -c '! grep -qE "<(link|img|script|iframe)|url\(|@import" page.html'

# On paper.
chromium --print-to-pdf="$work/page.pdf" "file://$work/page.html" >out.text 2>messages.text
check "printing: $(tail -n 1 messages.text)" test -s page.pdf
pages=$(grep -a -c '/Type */Page$' page.pdf)
[ "$pages" -gt 0 ] || pages=$(grep -a -o '/Count [0-9]*' page.pdf | sed 's/.* //' | sort -n | tail -n 1)
check "printing: $pages pages" test "${pages:-0}" -gt 5
finish
