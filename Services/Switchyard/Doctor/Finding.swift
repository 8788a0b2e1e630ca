/// One thing that the doctor has looked at.
struct Finding: Sendable, Equatable {
    enum Grade: String, Sendable {
        case good = "ok"
        case warning = "warning"
        case bad = "bad"
    }

    let grade: Grade
    /// What was found, in a sentence.
    let text: String
    /// What to do about it; nil when there is nothing to do.
    let advice: String?

    static func good(_ text: String) -> Finding { Finding(grade: .good, text: text, advice: nil) }
    static func warning(_ text: String, _ advice: String) -> Finding {
        Finding(grade: .warning, text: text, advice: advice)
    }
    static func bad(_ text: String, _ advice: String) -> Finding { Finding(grade: .bad, text: text, advice: advice) }

    /// The finding as lines for people.
    var lines: String { "\(grade.rawValue): \(text)" + (advice.map { "\n    \($0)" } ?? "") }
}
