extension UInt8 {
    /// Whether it is a space, a tab or an end of a line or page.
    var isASCIIBlank: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
}
