import Crypto
import Foundation
import Postgres
import TestKit
import Testing

@testable import Jobs

@Suite struct RejectedRowTests {
    @Test func rejectedRowsAreReadByTheirBytes() async throws {
        try await TestDatabase.with { test in
            let (store, job) = (JobStore(test.database), UUIDv7.generate())
            let wide = String(repeating: "x", count: 1000)
            let rows = (1...1203).map { (number: Int64) in
                let last = number == 701 ? wide + wide + wide : "b"
                let fields: [String?]? = number % 100 == 0 ? nil : [wide, nil, last]
                return RejectedRow(
                    number: number * 2, line: 1, name: nil, value: nil, reason: "why", fields: fields)
            }
            try await test.database.withSession { session in
                try session.transaction { try RejectedRow.write(rows, for: job, $0) }
            }
            var (read, pages): ([RejectedRow], [Int]) = ([], [])
            var last: Int64 = 0
            while let page = try await RejectedRow.page(of: job, after: last, bytes: 2500, in: store) {
                let found = try await RejectedRow.of(job, page, in: store)
                pages.append(found.count)
                read += found
                last = page.upperBound
            }
            #expect(read == rows)
            // One without fields goes with two others; the widest alone.
            #expect(pages.max() == 3 && pages.contains(1))
        }
    }
}
