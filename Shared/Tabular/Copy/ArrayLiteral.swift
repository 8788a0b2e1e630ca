import JSON

/// An array of JSON in the input form of PostgreSQL's arrays: `[1,null,"a"]` becomes `{1,NULL,"a"}`.
enum ArrayLiteral {
    /// Appends the literal of an array; numbers keep their text.
    ///
    /// - Parameter array: valid JSON, as a reader of JSON gives it.
    static func append(_ array: Bytes, to output: inout [UInt8]) throws(JSONError) {
        var index = 0
        while index < array.count {
            switch array[index] {
            case UInt8(ascii: "["): output.append(UInt8(ascii: "{"))
            case UInt8(ascii: "]"): output.append(UInt8(ascii: "}"))
            case UInt8(ascii: "\""):
                let end = endOfString(array, from: index)
                let text = try JSON.parse(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(array)[index..<end]))
                append(quoted: Array((text.stringValue ?? "").utf8), to: &output)
                index = end - 1
            case UInt8(ascii: "{"):
                // An element of a type that is JSON itself.
                let end = endOfObject(array, from: index)
                append(quoted: Array(array[index..<end]), to: &output)
                index = end - 1
            case UInt8(ascii: "n"):
                output += Array("NULL".utf8)
                index += 3
            case let byte: if !byte.isBlank { output.append(byte) }
            }
            index += 1
        }
    }

    private static func append(quoted text: [UInt8], to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for byte in text {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { output.append(UInt8(ascii: "\\")) }
            output.append(byte)
        }
        output.append(UInt8(ascii: "\""))
    }

    /// Behind the closing quote.
    private static func endOfString(_ text: Bytes, from start: Int) -> Int {
        var index = start + 1
        while index < text.count, text[index] != UInt8(ascii: "\"") {
            index += text[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(index + 1, text.count)
    }

    /// Behind the closing brace.
    private static func endOfObject(_ text: Bytes, from start: Int) -> Int {
        var (index, depth) = (start, 0)
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "}"):
                depth -= 1
                if depth == 0 { return index + 1 }
            case UInt8(ascii: "\""): index = endOfString(text, from: index) - 1
            default: break
            }
            index += 1
        }
        return text.count
    }
}
