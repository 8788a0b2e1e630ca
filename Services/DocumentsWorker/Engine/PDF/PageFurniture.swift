/// What is to become of headers and footers: the lines that a document repeats at the edge of its pages.
public enum PageFurniture: String, Sendable, CaseIterable, Decodable {
    /// They stay in the text, where they stand.
    case keep
    /// They are left out.
    case drop
}
