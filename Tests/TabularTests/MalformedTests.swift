import Tabular
import Testing

/// Each ends with its good rows counted and its faults listed by line and column; nothing is swallowed in silence.
@Suite struct MalformedTests {
    @Test(arguments: Malformed.all) func goodRowsAreReadAndFaultsAreListed(_ table: Malformed) throws {
        let result = Result { try readFile(table.bytes, table.settings) }
        if let refusal = table.refusal {
            let error = #expect(throws: TableError.self) { try result.get() }
            #expect(error?.kind == refusal, "\(error?.message ?? "")")
            return
        }
        let (_, outcome) = try result.get()
        #expect(outcome.rows.count == table.rows, "\(outcome.rows.prefix(5))")
        let faults = outcome.faults.map { Malformed.Fault(line: $0.line, column: $0.column, code: $0.code) }
        #expect(faults == table.faults, "\(outcome.faults)")
        #expect(outcome.faults.allSatisfy { !($0.value ?? "").utf8.contains(0) })
        #expect(outcome.faults.allSatisfy { !$0.reason.isEmpty && ($0.value?.utf8.count ?? 0) <= 210 })
    }

    @Test func thereAreManyOfThem() {
        #expect(Malformed.all.count >= 60)
        #expect(Set(Malformed.all.map(\.name)).count == Malformed.all.count)
    }
}
