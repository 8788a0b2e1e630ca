import Config

extension Environment {
    /// Addresses, networks and host names, separated by commas, that may be connected to although they are not public; only public
    /// addresses may be when the variable is not set.
    public func addressPolicy(_ name: String) throws(ConfigError) -> AddressPolicy {
        let list = try list(name, default: [])
        guard let policy = AddressPolicy(list) else {
            throw ConfigError(
                name: name, found: .text(list.joined(separator: ",")),
                wanted: "addresses, networks such as 10.0.0.0/8 and host names, separated by commas")
        }
        return policy
    }
}
