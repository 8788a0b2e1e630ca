/// Numbers with a unit behind them.
enum Quantity {
    static func duration(_ text: String) -> Duration? {
        guard let (number, unit) = split(text) else { return nil }
        let seconds: Double? =
            switch unit {
            case "ms": number / 1000
            case "s": number
            case "m": number * 60
            case "h": number * 3600
            case "d": number * 86_400
            default: nil
            }
        // A trillion seconds lies far beyond any use and well within what Duration can hold.
        return seconds.flatMap { $0 < 1e12 ? .milliseconds(Int64(($0 * 1000).rounded())) : nil }
    }

    static func bytes(_ text: String) -> Int? {
        guard let (number, unit) = split(text) else { return nil }
        let factor: Double? =
            switch unit {
            case "", "B": 1
            case "KiB": 1024
            case "MiB": 1_048_576
            case "GiB": 1_073_741_824
            case "TiB": 1_099_511_627_776
            case "kB": 1e3
            case "MB": 1e6
            case "GB": 1e9
            case "TB": 1e12
            default: nil
            }
        return factor.flatMap { Int(exactly: (number * $0).rounded()) }
    }

    private static func split(_ text: String) -> (number: Double, unit: Substring)? {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let number = Double(digits) else { return nil }
        return (number, text.dropFirst(digits.count).drop { $0 == " " })
    }
}
