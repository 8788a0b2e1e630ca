import Foundation
import Postgres

extension JobStore {
    /// Forgets a part of the crawls that these jobs, which are to be forgotten, have begun; at most `limit` rows of each kind.
    ///
    /// What readers are shown goes first, the crawl itself last: until then its rows can be found.
    ///
    /// - Returns: whether there may be more.
    public func deleteCrawls(of jobs: [UUID], limit: Int) async throws -> Bool {
        let crawls = try await database.query("SELECT number FROM crawls WHERE id = ANY(\(jobs))").map {
            try $0.decode("number", as: Int64.self)
        }
        guard !crawls.isEmpty else { return false }
        for statement in Self.parts(of: crawls, limit: limit) {
            if try await database.query(statement).affected == limit { return true }
        }
        _ = try await database.query("DELETE FROM crawls WHERE number = ANY(\(crawls))")
        return false
    }

    private static func parts(of crawls: [Int64], limit: Int) -> [Statement] {
        let keyed: [StaticString] = ["crawl_pages", "crawl_captures", "crawl_urls"]
        return keyed.map {
            """
            DELETE FROM \(raw: $0) WHERE ctid = ANY(ARRAY(
                SELECT ctid FROM \(raw: $0) WHERE crawl = ANY(\(crawls)) LIMIT \(limit)))
            """
        } + [
            """
            DELETE FROM crawl_templates WHERE ctid = ANY(ARRAY(
                SELECT t.ctid FROM crawl_hosts h JOIN crawl_templates t ON t.host_id = h.id WHERE h.crawl = ANY(\(crawls)) LIMIT \(limit)))
            """,
            """
            DELETE FROM crawl_hosts WHERE ctid = ANY(ARRAY(
                SELECT ctid FROM crawl_hosts WHERE crawl = ANY(\(crawls)) LIMIT \(limit)))
            """,
            "DELETE FROM crawl_shares WHERE crawl = ANY(\(crawls))",
        ]
    }
}
