import Compression
import Foundation
import Testing

@Suite struct CompressorTests {
    /// What the program of the format makes of it.
    private func inflated(_ bytes: [UInt8], by program: String) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program, "-dc"]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        Thread {
            input.fileHandleForWriting.write(Data(bytes))
            input.fileHandleForWriting.closeFile()
        }.start()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return Array(data)
    }

    private func compressed(_ pieces: [[UInt8]], _ format: CompressionFormat) throws -> [UInt8] {
        let compressor = try format.compressor()
        var result: [UInt8] = []
        for piece in pieces { result += try compressor.compress(piece) }
        return try result + compressor.finish()
    }

    @Test(arguments: [(CompressionFormat.gzip, "gzip"), (.zstd, "zstd")])
    func whatWasCompressedIsInflatedByTheFormatsOwnProgram(format: CompressionFormat, program: String) throws {
        let text = Array(String(repeating: "a line of text that comes again\n", count: 20_000).utf8)
        let noise = (0..<1_000_000).map { _ in UInt8.random(in: 0...255) }
        for pieces in [[], [[]], [text], [noise, text, [1], noise]] {
            let packed = try compressed(pieces, format)
            #expect(try inflated(packed, by: program) == pieces.flatMap { $0 })
        }
        #expect(try compressed([text], format).count < text.count / 20)
    }
}
