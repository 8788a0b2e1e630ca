import Tabular
import Testing

/// What is larger than the limits costs memory of the limits' size, not of its own.
@Suite(.serialized) struct MemoryTests {
    private static let gigabyte = 1 << 30
    /// The window doubles up to twice the limit of a record and a piece; while it does, there are two of it.
    private static let most = 160 << 20

    private func growth(_ body: () throws -> Void) throws -> Int {
        let before = try peakMemory()
        try body()
        return try peakMemory() - before
    }

    @Test func aLineOfAGigabyteIsPassedOver() throws {
        let source = MadeUpSource("a,b\n1,", repeating: "x", upTo: Self.gigabyte, then: "\n2,3\n")
        let grown = try growth {
            let outcome = try readAll(CSVReader(source, dialect: Dialect(), columns: 2))
            #expect(outcome.rows == [["a", "b"], ["2", "3"]])
            #expect(outcome.faults.map(\.code) == [.limit])
            #expect(outcome.faults.map(\.line) == [2])
        }
        #expect(grown < Self.most)
    }

    @Test func aQuoteThatSwallowsAGigabyteIsNotClosed() throws {
        let source = MadeUpSource("a,b\n\"1,", repeating: "x", upTo: Self.gigabyte, then: "\n2,3\n")
        let grown = try growth {
            let outcome = try readAll(CSVReader(source, dialect: Dialect(), columns: 2))
            #expect(outcome.rows == [["a", "b"], ["2", "3"]])
            #expect(outcome.faults.map(\.code) == [.quote])
        }
        #expect(grown < Self.most)
    }

    @Test func aLineOfJSONOfAGigabyteIsPassedOver() throws {
        let source = MadeUpSource("{\"a\":\"", repeating: "x", upTo: Self.gigabyte, then: "\"}\n{\"a\":1}\n")
        let grown = try growth {
            let outcome = try readAll(JSONLinesReader(source, columns: ["a"]))
            #expect(outcome.rows == [["1"]])
            #expect(outcome.faults.map(\.code) == [.limit])
        }
        #expect(grown < Self.most)
    }

    /// Fewer, for each byte is looked at: a debug build does that slowly.
    @Test func anElementOfManyMegabytesIsPassedOver() throws {
        let source = MadeUpSource("[{\"a\":[", repeating: "[],", upTo: 64 << 20, then: "1]},{\"a\":1}]")
        let grown = try growth {
            let outcome = try readAll(JSONArrayReader(source, columns: ["a"]))
            #expect(outcome.rows == [["1"]])
            #expect(outcome.faults.map(\.code) == [.limit])
        }
        #expect(grown < Self.most)
    }

    @Test func aTableOfManyRowsNeedsNoMoreThanAShortOne() throws {
        let source = MadeUpSource("a,b\n", repeating: "1,\"two\"\n", upTo: 16 << 20, then: "1\n")
        let reader = try CSVReader(source, dialect: Dialect(), columns: 2)
        var record = Record()
        let grown = try growth {
            var (rows, faults) = (0, 0)
            while true {
                let reading = try reader.read(into: &record)
                if reading == .end { break }
                if reading == .record { rows += 1 } else { faults += 1 }
            }
            #expect(rows > 2_000_000)
            #expect(faults == 1)
        }
        #expect(grown < 8 << 20)
    }
}
