import TestKit

/// The names of the crawl safety suite, as its own name server knows them.
enum CrawlSafetyNames {
    /// Names that lead to where nobody may connect.
    static let inside: [String: [NameServer.Answer]] = [
        "inner.test": [.addresses(["127.0.0.1"])], "inner6.test": [.addresses(["::1"])],
        "third.test": [.addresses(["127.0.0.3"])], "zero.test": [.addresses(["0.0.0.0"])],
        "unspecified.test": [.addresses(["::"])], "private.test": [.addresses(["10.0.0.1"])],
        "metadata.test": [.addresses(["169.254.169.254"])], "metadata6.test": [.addresses(["fd00:ec2::254"])],
        "mapped.test": [.addresses(["::ffff:127.0.0.1"])], "compatible.test": [.addresses(["::127.0.0.1"])],
        "nat64.test": [.addresses(["64:ff9b::127.0.0.1"])], "nat64-local.test": [.addresses(["64:ff9b:1::7f00:1"])],
        "6to4.test": [.addresses(["2002:7f00:1::1"])], "teredo.test": [.addresses(["2001:0:7f00:1::1"])],
        "isatap.test": [.addresses(["2606:4700::5efe:127.0.0.1"])], "broadcast.test": [.addresses(["255.255.255.255"])],
        "many.test": [.addresses(["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fe80::1"])],
        "alias.test": [.alias("inner.test")], "alias6.test": [.alias("inner6.test")],
        "aliases.test": [.alias("alias.test")],
        "127.0.0.2.xip.test": [.addresses(["127.0.0.1"])],
    ]

    /// First the site, then inside.
    static let rebinding = turning([
        "rebinding": ["127.0.0.1"], "rebinding6": ["::1"], "rebinding-mapped": ["::ffff:127.0.0.1"],
        "rebinding-metadata": ["169.254.169.254"], "rebinding-both": ["127.0.0.1", "::1", "10.0.0.1"],
    ])

    /// The same for hosts of which a sitemap is fetched.
    static let rebindingLists = turning(["rebinding-list": ["127.0.0.1"], "rebinding-list6": ["::1"]])

    /// Names with the site's address and another one.
    static let both: [String: [NameServer.Answer]] = [
        "both.test": [.addresses(["127.0.0.1", "127.0.0.2"])], "both6.test": [.addresses(["::1", "127.0.0.2"])],
        "both-last.test": [.addresses(["127.0.0.2", "127.0.0.3", "::1"])],
    ]

    /// Names of the site, whose robots.txt leads elsewhere.
    static let robots = (1...7).map { "robots-\($0).test" }

    static var script: [String: [NameServer.Answer]] {
        var script = inside
        for more in [rebinding, rebindingLists, both] { script.merge(more) { $1 } }
        for name in robots + ["files.test", "site.test"] { script[name] = [.addresses([CrawlSafetySite.address])] }
        for name in ["localhost", "app.localhost"] { script[name] = [.addresses(["127.0.0.1"])] }
        return script
    }

    private static func turning(_ names: [String: [String]]) -> [String: [NameServer.Answer]] {
        Dictionary(
            uniqueKeysWithValues: names.map { name, addresses in
                ("\(name).test", [.addresses([CrawlSafetySite.address]), .addresses(addresses)])
            })
    }
}
