/// Prometheus text exposition format, version 0.0.4.
enum Exposition {
    static func text(of families: [Metrics.Family]) -> [UInt8] {
        var output = ""
        for family in families {
            output += "# HELP \(family.name) \(escaped(help: family.help))\n# TYPE \(family.name) \(family.kind)\n"
            for (labels, instrument) in family.series { append(family.name, labels, instrument, to: &output) }
        }
        return Array(output.utf8)
    }

    static func text(of labels: Metrics.Labels) -> String {
        labels.map { "\($0.key)=\"\(escaped(label: $0.value))\"" }.joined(separator: ",")
    }

    private static func append(
        _ name: String, _ labels: String, _ instrument: Metrics.Instrument, to output: inout String
    ) {
        switch instrument {
        case .counter(let counter): output += "\(name)\(braced(labels)) \(counter.value)\n"
        case .gauge(let gauge): output += "\(name)\(braced(labels)) \(text(of: gauge.value))\n"
        case .callback(let read): output += "\(name)\(braced(labels)) \(text(of: read()))\n"
        case .histogram(let histogram): append(name, labels, histogram, to: &output)
        }
    }

    private static func append(_ name: String, _ labels: String, _ histogram: Histogram, to output: inout String) {
        let bounds = histogram.bounds.map { text(of: $0) } + ["+Inf"]
        let separator = labels.isEmpty ? "" : ","
        var total = 0
        for (bound, count) in zip(bounds, histogram.bucketCounts) {
            total += count
            output += "\(name)_bucket{\(labels)\(separator)le=\"\(bound)\"} \(total)\n"
        }
        output += "\(name)_sum\(braced(labels)) \(text(of: histogram.sum))\n"
        output += "\(name)_count\(braced(labels)) \(total)\n"
    }

    private static func braced(_ labels: String) -> String { labels.isEmpty ? "" : "{\(labels)}" }

    private static func text(of value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map { String($0) } ?? value.description
    }

    private static func escaped(help: String) -> String {
        help.reduce(into: "") { text, character in
            switch character {
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            default: text.append(character)
            }
        }
    }

    private static func escaped(label: String) -> String {
        escaped(help: label).reduce(into: "") { $0 += $1 == "\"" ? "\\\"" : String($1) }
    }
}
