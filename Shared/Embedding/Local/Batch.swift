import Synchronization

/// A text as the model reads it.
struct TokenizedText: Sendable {
    /// Its place among the texts of a call.
    let index: Int
    /// Its tokens, with those that the model adds.
    let ids: [Int32]
}

/// Texts that go through an encoder together, one after the other: nothing is padded, so that texts of all lengths may meet.
enum Batch {
    /// How many tokens make a batch. With fewer the weights are read too often, with more the numbers leave the second cache.
    static let tokens = 256

    /// Shares texts out, long ones first, so that all threads end at about the same time.
    static func batches(of texts: [TokenizedText]) -> [[TokenizedText]] {
        var batches: [[TokenizedText]] = []
        var open: [TokenizedText] = []
        var size = 0
        for text in texts.sorted(by: { $0.ids.count > $1.ids.count }) {
            if size > 0, size + text.ids.count > tokens {
                batches.append(open)
                (open, size) = ([], 0)
            }
            open.append(text)
            size += text.ids.count
        }
        return open.isEmpty ? batches : batches + [open]
    }
}

/// Batches that wait for a thread.
final class BatchQueue: Sendable {
    private let batches: Mutex<ArraySlice<[TokenizedText]>>

    init(_ batches: [[TokenizedText]]) { self.batches = Mutex(batches[...]) }

    /// Takes the next one.
    func next() -> [TokenizedText]? { batches.withLock { $0.popFirst() } }
}
