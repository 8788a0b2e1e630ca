/// The URL Standard's basic parser for http and https, in one pass over bytes.
///
/// It writes the serialised URL as it reads. A relative reference begins with a copy of what it keeps of its base.
struct URLParser {
    private let input: [UInt8]
    private let base: PageURL?
    private let encodingQuery: ((String) -> [UInt8])?
    private var position = 0
    private var isSecure = false
    private var port: UInt16?
    private var output: [UInt8] = []
    private var parts = URLParts()

    init(_ text: String, base: PageURL?, encodingQuery: ((String) -> [UInt8])?) throws(URLFault) {
        guard text.utf8.count <= PageURL.maxLength else { throw .tooLong }
        self.base = base
        self.encodingQuery = encodingQuery
        input = Self.stripped(Array(text.utf8))
    }

    mutating func parse() throws(URLFault) -> PageURL {
        output.reserveCapacity(input.count + (base?.text.utf8.count ?? 0) + 32)
        if let colon = schemeEnd() {
            try absolute(colon)
        } else {
            guard let base else { throw .noScheme }
            try relative(to: base)
        }
        guard output.count <= PageURL.maxLength else { throw .tooLong }
        let text = String(decoding: output, as: UTF8.self)
        return PageURL(text: text, parts: parts, port: port ?? (isSecure ? 443 : 80))
    }

    /// Without what the standard drops: controls and spaces at both ends, tabs and line ends anywhere, and the fragment.
    private static func stripped(_ bytes: [UInt8]) -> [UInt8] {
        let start = bytes.firstIndex { $0 > 0x20 } ?? bytes.count
        let end = (bytes.lastIndex { $0 > 0x20 } ?? -1) + 1
        let trimmed = bytes[start..<max(start, end)].prefix { $0 != .hash }
        return trimmed.filter { $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }
    }

    /// Where the colon after a scheme stands.
    private func schemeEnd() -> Int? {
        guard let first = input.first, first.isLetter else { return nil }
        let end = input.firstIndex { !($0.isLetter || $0.isDigit || $0 == .dot || "+-".utf8.contains($0)) }
        return end.flatMap { input[$0] == .colon ? $0 : nil }
    }

    private mutating func absolute(_ colon: Int) throws(URLFault) {
        let scheme = input[..<colon].map(\.lowercased)
        guard scheme.elementsEqual("http".utf8) || scheme.elementsEqual("https".utf8) else { throw .wrongScheme }
        isSecure = scheme.count == 5
        position = colon + 1
        // With the scheme of its page, http:path is relative.
        if let base, base.isSecure == isSecure, !input[position...].starts(with: "//".utf8) {
            try relative(to: base)
        } else {
            try fromAuthority()
        }
    }

    private mutating func relative(to base: PageURL) throws(URLFault) {
        isSecure = base.isSecure
        let next = input[position...].prefix(2)
        if next.count == 2, next.allSatisfy(\.isSlash) { return try fromAuthority() }
        port = base.port
        parts = base.parts
        let kept = base.text.utf8
        if next.isEmpty {
            output.append(contentsOf: kept)
        } else if next.first == .question {
            output.append(contentsOf: kept.prefix(Int(parts.pathEnd)))
            try appendQuery()
        } else {
            output.append(contentsOf: kept.prefix(Int(next.first?.isSlash == true ? parts.path : parts.pathEnd)))
            removeSegment()
            try appendPath()
            try appendQuery()
        }
    }

    /// From the slashes after the scheme on, of which there may be any number.
    private mutating func fromAuthority() throws(URLFault) {
        output.append(contentsOf: (isSecure ? "https://" : "http://").utf8)
        position = input[position...].firstIndex { !$0.isSlash } ?? input.count
        let end = input[position...].firstIndex { $0.isSlash || $0 == .question } ?? input.count
        try appendAuthority(input[position..<end])
        position = end
        try appendPath()
        try appendQuery()
    }
}

/// User, password, host and port.
extension URLParser {
    private mutating func appendAuthority(_ authority: ArraySlice<UInt8>) throws(URLFault) {
        var address = authority
        if let sign = authority.lastIndex(of: .at) {
            appendCredentials(authority[..<sign])
            address = authority[(sign + 1)...]
        }
        let colon = Self.portColon(address) ?? address.endIndex
        guard colon > address.startIndex else { throw .noHost }
        parts.host = try offset()
        output.append(contentsOf: try Host.serialised(address[..<colon]))
        parts.hostEnd = try offset()
        try appendPort(address[colon...].dropFirst())
        parts.path = try offset()
    }

    private mutating func appendCredentials(_ credentials: ArraySlice<UInt8>) {
        let user = credentials.prefix { $0 != .colon }
        let password = credentials[user.endIndex...].dropFirst()
        guard !user.isEmpty || !password.isEmpty else { return }
        output.appendEncoded(user, plain: .userinfo)
        if !password.isEmpty {
            output.append(.colon)
            output.appendEncoded(password, plain: .userinfo)
        }
        output.append(.at)
    }

    /// The first colon outside of brackets.
    private static func portColon(_ address: ArraySlice<UInt8>) -> Int? {
        var isBracketed = false
        return address.firstIndex { byte in
            if byte == .opening { isBracketed = true }
            if byte == .closing { isBracketed = false }
            return byte == .colon && !isBracketed
        }
    }

    private mutating func appendPort(_ digits: ArraySlice<UInt8>) throws(URLFault) {
        guard !digits.isEmpty else { return }
        var number = 0
        for digit in digits {
            guard digit.isDigit else { throw .badPort }
            number = number * 10 + Int(digit - 0x30)
            guard number <= UInt16.max else { throw .badPort }
        }
        guard number != (isSecure ? 443 : 80) else { return }
        port = UInt16(number)
        output.append(.colon)
        output.append(contentsOf: String(number).utf8)
    }

    /// Where the output ends now.
    private func offset() throws(URLFault) -> UInt16 {
        guard output.count <= PageURL.maxLength else { throw .tooLong }
        return UInt16(output.count)
    }
}

/// Path and query.
extension URLParser {
    /// Reads segments up to the query. The path that stands in the output already has no slash at its end.
    private mutating func appendPath() throws(URLFault) {
        if position < input.count, input[position].isSlash { position += 1 }
        var isLast = false
        while !isLast {
            let segment = input[position...].prefix { !$0.isSlash && $0 != .question }
            position = segment.endIndex
            isLast = position == input.count || input[position] == .question
            switch Dots(segment) {
            case .double:
                removeSegment()
                if isLast { output.append(.slash) }
            case .single:
                if isLast { output.append(.slash) }
            case nil:
                output.append(.slash)
                output.appendEncoded(segment, plain: .path)
            }
            if !isLast { position += 1 }
        }
        parts.pathEnd = try offset()
    }

    private mutating func removeSegment() {
        let path = output[Int(parts.path)...]
        output.removeSubrange((path.lastIndex(of: .slash) ?? path.endIndex)...)
    }

    private mutating func appendQuery() throws(URLFault) {
        guard position < input.count else { return }
        let query = input[(position + 1)...]
        output.append(.question)
        if let encodingQuery, query.contains(where: { $0 >= 0x80 }) {
            output.appendEncoded(encodingQuery(String(decoding: query, as: UTF8.self)), plain: .query)
        } else {
            output.appendEncoded(query, plain: .query)
        }
    }
}

/// The segments `.` and `..`, whose dots may be percent-encoded.
enum Dots {
    case single, double

    init?(_ segment: ArraySlice<UInt8>) {
        guard segment.count <= 6 else { return nil }
        var dots = 0
        var rest = segment
        while let first = rest.first {
            let width = first == .dot ? 1 : rest.escaped(at: rest.startIndex) == .dot ? 3 : 0
            guard width > 0 else { return nil }
            rest = rest.dropFirst(width)
            dots += 1
        }
        guard dots == 1 || dots == 2 else { return nil }
        self = dots == 1 ? .single : .double
    }
}
