extension Duration {
    /// Reads a length of time as settings and query parameters spell it: `30s`, `500ms`, `1.5h`.
    public init?(text: String) {
        guard let duration = Quantity.duration(text) else { return nil }
        self = duration
    }
}
