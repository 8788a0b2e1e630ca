import Foundation

/// A zip archive of these parts, none of them deflated (APPNOTE.TXT 4.3).
///
/// - Parameter flags: 0x800 where names are UTF-8.
public func zip(_ parts: [(name: String, content: String)], flags: Int = 0) -> Data {
    zip(files: parts.map { ($0.name, Data($0.content.utf8)) }, flags: flags)
}

/// The same for parts that are no text.
public func zip(files: [(name: String, content: Data)], flags: Int = 0) -> Data {
    func number(_ value: Int, _ bytes: Int) -> [UInt8] {
        (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    var (file, directory) = (Data(), Data())
    for (name, content) in files {
        let bytes = Array(content)
        let fields =
            number(20, 2) + number(flags, 2) + number(0, 6) + number(Int(checksum(bytes)), 4) + number(bytes.count, 4)
            + number(bytes.count, 4) + number(name.utf8.count, 2)
        directory +=
            number(0x0201_4B50, 4) + number(20, 2) + fields + number(0, 12) + number(file.count, 4) + Array(name.utf8)
        file += number(0x0403_4B50, 4) + fields + number(0, 2) + Array(name.utf8) + bytes
    }
    let end =
        number(0x0605_4B50, 4) + number(0, 4) + number(files.count, 2) + number(files.count, 2)
        + number(directory.count, 4) + number(file.count, 4) + number(0, 2)
    return file + directory + end
}

/// CRC-32 as zip archives have it (ISO 3309).
private func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(UInt32.max) { sum, byte in
        (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in sum >> 1 ^ (sum & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
}
