import Foundation

/// A folder that goes away with its owner.
final class TemporaryFolder {
    let path: String

    init() throws(BenchError) {
        var template = Array("\(NSTemporaryDirectory())/switchyard-bench-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw .system("mkdtemp") }
        path = String(cString: made)
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            note("\(path) is left behind: \(error)")
        }
    }
}
