import CGsf
import Foundation
import Markup

/// A storage of an Outlook message (MS-OXMSG), by libgsf: the properties of a mail, a receiver or an attachment.
struct OutlookStorage {
    /// How many bytes stand before the first property, by what the properties belong to (MS-OXMSG, 2.4.1).
    enum Kind: Int {
        case message = 32
        case innerMessage = 24
        case part = 8
    }

    static let propertiesName = "__properties_version1.0"
    private static let longestProperty = 32 << 20
    private static let mostParts = 100_000
    private static let deepest = 64

    private let infile: OpaquePointer
    /// The properties of a fixed size, by their number.
    private let numbers: [UInt16: UInt64]

    /// The message that is standard input; nil for another document in the same container. Nothing is released: see `DocumentParser.run`.
    static func onStandardInput() -> OutlookStorage? {
        lseek(STDIN_FILENO, 0, SEEK_SET)
        guard let file = fdopen(STDIN_FILENO, "rb"), let input = gsf_input_stdio_new_FILE("message", file, 1),
            let infile = gsf_infile_msole_new(input, nil)
        else { return nil }
        return OutlookStorage(infile, .message)
    }

    /// Nil where there are no properties.
    private init?(_ infile: OpaquePointer, _ kind: Kind) {
        self.infile = infile
        guard let stream = Self.child(Self.propertiesName, of: infile),
            let bytes = Self.bytes(of: stream, limit: Self.longestProperty)
        else { return nil }
        var numbers: [UInt16: UInt64] = [:]
        for start in stride(from: kind.rawValue, to: bytes.count - 15, by: 16) {
            func number(_ range: Range<Int>) -> UInt64 {
                bytes[range].reversed().reduce(0) { $0 << 8 | UInt64($1) }
            }
            numbers[UInt16(number(start + 2..<start + 4))] = number(start + 8..<start + 16)
        }
        self.numbers = numbers
    }

    /// A property that is a number, by its number.
    func number(_ property: UInt16) -> UInt64? { numbers[property] }

    /// A property that is a time, in RFC 3339: it counts 100 ns from 1601.
    func time(_ property: UInt16) -> String? {
        guard let value = numbers[property], value > 0 else { return nil }
        return Timestamp.rfc3339(Timestamp.format(Int(value / 10_000_000) - 11_644_473_600))
    }

    /// A property that is text, in either of the two forms that messages have it in.
    func text(_ property: UInt16) -> String? {
        if let bytes = bytes(property, type: 0x001F) {
            let units = stride(from: 0, to: bytes.count - 1, by: 2).map {
                UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8
            }
            return String(decoding: units, as: UTF16.self).replacing("\r\n", with: "\n")
        }
        guard let bytes = bytes(property, type: 0x001E), !bytes.isEmpty else { return nil }
        // What is in no encoding is as good as missing.
        return try? DecodedText(bytes, declared: encoding(0x3FFD)).text
    }

    /// The name of the encoding that a property tells by a number of Windows.
    func encoding(_ property: UInt16) -> String? {
        switch numbers[property].map({ $0 & 0xFFFF_FFFF }) {
        case nil, 0: nil
        case 65001: "UTF-8"
        case let number? where (28591...28605).contains(number): "ISO-8859-\(number - 28590)"
        case let number?: "CP\(number)"
        }
    }

    /// A property that is bytes.
    func bytes(_ property: UInt16, type: UInt16 = 0x0102) -> [UInt8]? {
        stream(property, type: type).flatMap { Self.bytes(of: $0, limit: Self.longestProperty) }
    }

    /// A property as a stream; nil for one that is a storage.
    func stream(_ property: UInt16, type: UInt16 = 0x0102) -> OutlookStream? {
        guard let input = Self.child(Self.name(property, type), of: infile), Self.storage(input) == nil else {
            return nil
        }
        return OutlookStream(input)
    }

    /// The mail that a property holds.
    func message(_ property: UInt16) -> OutlookStorage? {
        Self.child(Self.name(property, 0x000D), of: infile).flatMap { Self.storage($0) }.flatMap {
            OutlookStorage($0, .innerMessage)
        }
    }

    /// Receivers or attachments, in their order.
    func parts(_ prefix: String) -> [OutlookStorage] {
        let names = (0..<max(0, gsf_infile_num_children(infile))).prefix(Self.mostParts).compactMap {
            gsf_infile_name_by_index(infile, $0).map { String(cString: $0) }
        }
        return names.filter { $0.hasPrefix(prefix) }.sorted().compactMap { name in
            Self.child(name, of: infile).flatMap { Self.storage($0) }.flatMap { OutlookStorage($0, .part) }
        }
    }

    private static func name(_ property: UInt16, _ type: UInt16) -> String {
        let digits = String(UInt32(property) << 16 | UInt32(type), radix: 16, uppercase: true)
        return "__substg1.0_" + String(repeating: "0", count: 8 - digits.count) + digits
    }

    private static func child(
        _ name: String, of infile: OpaquePointer
    ) -> OpaquePointer? {
        gsf_infile_child_by_name(infile, name)
    }

    /// Nil for a stream.
    private static func storage(_ input: OpaquePointer) -> OpaquePointer? {
        gsf_as_infile(input).flatMap { gsf_infile_num_children($0) >= 0 ? $0 : nil }
    }

    private static func bytes(of stream: OpaquePointer, limit: Int) -> [UInt8]? {
        bytes(of: OutlookStream(stream), limit: limit)
    }

    private static func bytes(of stream: OutlookStream, limit: Int) -> [UInt8]? {
        guard stream.size <= limit else { return nil }
        var bytes: [UInt8] = []
        return stream.read({
            bytes += $0
            return true
        }) ? bytes : nil
    }
}

// MARK: - Mails inside

extension OutlookStorage {
    /// A mail inside another one as a message of its own; nil where it cannot be read.
    var asFile: [UInt8]? {
        guard let sink = gsf_output_memory_new(), let file = gsf_outfile_msole_new(sink),
            Self.copy(infile, to: file, depth: 0), gsf_output_close(gsf_as_output(file)) != 0,
            let bytes = gsf_output_memory_get_bytes(gsf_as_memory(sink))
        else { return nil }
        return Array(UnsafeBufferPointer(start: bytes, count: Int(gsf_output_size(sink))))
    }

    private static func copy(
        _ infile: OpaquePointer, to outfile: OpaquePointer, depth: Int
    ) -> Bool {
        guard depth < deepest else { return false }
        for index in 0..<max(0, gsf_infile_num_children(infile)) {
            guard let name = gsf_infile_name_by_index(infile, index),
                let input = gsf_infile_child_by_index(infile, index)
            else { return false }
            let folder = storage(input)
            guard let output = gsf_outfile_new_child(outfile, name, folder == nil ? 0 : 1) else { return false }
            let isCopied =
                if let folder {
                    copy(folder, to: gsf_as_outfile(output), depth: depth + 1)
                } else if depth == 0, String(cString: name) == propertiesName {
                    copyProperties(input, to: output)
                } else {
                    gsf_input_copy(input, output) != 0
                }
            guard isCopied, gsf_output_close(output) != 0 else { return false }
        }
        return true
    }

    /// Eight more bytes stand before the properties of a message that is a file.
    private static func copyProperties(
        _ input: OpaquePointer, to output: UnsafeMutablePointer<GsfOutput>
    ) -> Bool {
        guard var bytes = bytes(of: input, limit: longestProperty), bytes.count >= Kind.innerMessage.rawValue else {
            return false
        }
        bytes.insert(contentsOf: [UInt8](repeating: 0, count: 8), at: Kind.innerMessage.rawValue)
        return gsf_output_write(output, bytes.count, bytes) != 0
    }
}

/// Bytes in a message.
struct OutlookStream {
    private static let pieceLength = 64 << 10

    private let input: OpaquePointer

    fileprivate init(_ input: OpaquePointer) { self.input = input }

    var size: Int { Int(gsf_input_size(input)) }

    /// Gives the pieces one after the other until there are no more or one is not wanted; false when reading failed.
    func read(_ take: (UnsafeRawBufferPointer) -> Bool) -> Bool {
        var piece = [UInt8](repeating: 0, count: Self.pieceLength)
        var left = size
        while left > 0 {
            let count = min(left, piece.count)
            guard gsf_input_read(input, count, &piece) != nil else { return false }
            guard piece.withUnsafeBytes({ take(UnsafeRawBufferPointer(rebasing: $0[..<count])) }) else { return true }
            left -= count
        }
        return true
    }
}
