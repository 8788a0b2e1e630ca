/// The bounds beyond which pages of a host are held for endless ones.
struct TrapLimits: Sendable, Equatable {
    /// How many pages a template may have at first.
    var base = 100
    /// How many more it may have for each page of it whose content was new.
    var perNewPage = 10
    /// How many segments a path may have.
    var depth = 20
    /// How often one segment may stand in a path.
    var repetitions = 3
    /// How many bytes a path and query may have together.
    var length = 2000
    /// How many query parameters a URL may have.
    var parameters = 8
    /// How many different sets of parameter names the pages of one path template may have.
    var combinations = 50
    /// How many templates are told apart; all others of the host share one.
    var templates = 100_000
}

/// Why a page is held for one of endlessly many; the raw values are stored and shown, and never change.
enum TrapReason: String, Sendable, CaseIterable {
    /// The template's credit is used up: too few of its pages had new content.
    case template
    case depth
    case repetition
    case length
    case parameters
    case combinations
}
