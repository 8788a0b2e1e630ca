/// The general category that a scalar had in Unicode 8.0.
///
/// The tokenizers that models were trained with tell control characters, accents and punctuation by tables of that version; a
/// character that is younger is none of them, and a few have changed their category since. Source: the results of Hugging Face's
/// `tokenizers` 0.23 for every scalar there is.
enum Unicode8 {
    /// What matters of it to a tokenizer.
    enum Category: Equatable {
        case invisible, accent, punctuation, other
    }

    static func category(of scalar: Unicode.Scalar) -> Category {
        switch scalar.value {
        case 0x1734, 0x1171E: return .accent
        case 0x166D, 0x111C9: return .punctuation
        case 0x1885, 0x1886, 0xA9BD: return .other
        default: break
        }
        let category = today(scalar.properties.generalCategory)
        return category == .other || isAssigned(scalar, by: (8, 0)) ? category : .other
    }

    /// Whether the scalar had a meaning in this version of Unicode already.
    static func isAssigned(_ scalar: Unicode.Scalar, by version: Unicode.Version) -> Bool {
        scalar.properties.age.map { $0 <= version } ?? false
    }

    private static func today(_ category: Unicode.GeneralCategory) -> Category {
        switch category {
        case .control, .format, .privateUse: .invisible
        case .nonspacingMark: .accent
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
            .finalPunctuation, .otherPunctuation:
            .punctuation
        default: .other
        }
    }
}
