# Draws the medians of tools/growth, lines of a number, a name and a value, as two plots with logarithmic scales (SVG).

function log10(x) { return log(x) / log(10) }
function x_of(panel, n) { return left[panel] + (log10(n) - log10(least[panel])) / span[panel] * width }
function y_of(v) { return top + (high - log10(v)) / (high - low) * height }

# One plot. names: what is drawn, with |; words: how it is called.
function plot(panel, title, numbers, names, words,    n, i, k, name, word, count, list, text, path, value, place, at, order, swap, unit) {
    count = split(numbers, n, " ")
    least[panel] = n[1]
    span[panel] = log10(n[count]) - log10(n[1])
    if (span[panel] <= 0) span[panel] = 1
    printf "<text x=\"%d\" y=\"%d\" class=\"t\">%s</text>\n", left[panel], top - 14, title
    for (i = low; i <= high; i++) {
        printf "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" class=\"g\"/>\n", left[panel], y_of(10 ^ i), left[panel] + width, y_of(10 ^ i)
        printf "<text x=\"%d\" y=\"%.1f\" class=\"s\" text-anchor=\"end\">%s</text>\n", left[panel] - 6, y_of(10 ^ i) + 4, 10 ^ i
    }
    for (i = 1; i <= count; i++)
        printf "<text x=\"%.1f\" y=\"%d\" class=\"s\" text-anchor=\"middle\">%s</text>\n", x_of(panel, n[i]), top + height + 18, n[i]
    k = split(names, name, "|")
    split(words, word, "|")
    for (list = 1; list <= k; list++) {
        path = ""
        for (i = 1; i <= count; i++) {
            value = medians[n[i] " " name[list]]
            if (value <= 0) continue
            path = path sprintf("%.1f,%.1f ", x_of(panel, n[i]), y_of(value))
            printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", x_of(panel, n[i]), y_of(value), colour[list]
            at[list] = y_of(value) + 4
        }
        printf "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n", path, colour[list]
        order[list] = list
    }
    # Names beside the last points, from the top down, none upon another.
    for (i = 1; i <= k; i++) for (list = i + 1; list <= k; list++)
        if (at[order[list]] < at[order[i]]) { swap = order[i]; order[i] = order[list]; order[list] = swap }
    place = top
    for (i = 1; i <= k; i++) {
        list = order[i]
        if (at[list] > place) place = at[list]
        printf "<text x=\"%d\" y=\"%.1f\" class=\"s\" fill=\"%s\">%s</text>\n", left[panel] + width + 8, place, colour[list], word[list]
        place += 15
    }
}

{ medians[$1 " " $2] = $3 }

END {
    top = 48; height = 300; width = 230; low = -2; high = 4
    left[1] = 60; left[2] = 520
    split("#1f77b4 #b35900 #2ca02c #d62728 #7b52ab #6b4c3b #c2459d #4d4d4d", colour, " ")
    print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 960 390\" font-family=\"sans-serif\">"
    print "<style>.t{font-size:14px;font-weight:bold}.s{font-size:12px}.g{stroke:#cccccc}</style>"
    print "<rect width=\"960\" height=\"390\" fill=\"#ffffff\"/>"
    plot(1, "bill records", sizes, "load|bytes|daemon|server|store|show|poll|catchup", \
        "first load, s|received, MiB|daemon, MiB|server, MiB|replica.db, MiB|customers show, ms|empty poll, ms|catching up, s")
    plot(2, "clients", crowds, "held|cpu|last", "server, MiB|processor, ms|last client, ms")
    print "</svg>"
}
