import CPSL

extension PageURL {
    /// The part of the host that one owner registered, such as `example.co.uk`; nil for addresses and for public suffixes
    /// themselves. Suffixes of private owners (`github.io`) count as public ones, a top-level domain that nobody listed does too.
    ///
    /// Source: the Public Suffix List as it is built into libpsl.
    public var registrableDomain: String? {
        guard !isAddress, let list = psl_builtin() else { return nil }
        let host = host
        let name = host.utf8.last == .dot ? String(host.dropLast()) : host
        // The result points into the argument.
        return name.withCString { name in psl_registrable_domain(list, name).map { String(cString: $0) } }
    }
}
