/// What a crawler of the public web must not connect to, in every spelling and by every way in which a site can name it.
///
/// `PORT` stands for the port of the site, on which the other addresses of loopback listen too, and `CASE` for the case's own name.
enum CrawlSafetyCases {
    /// Targets that are URLs and must not be connected to.
    static let refused: [(group: String, targets: [String])] = [
        ("ranges of IPv4", ipv4.map { "http://\($0):PORT/CASE" }),
        ("ranges of IPv6", ipv6.map { "http://[\($0)]:PORT/CASE" }),
        ("spellings", spellings.map { "http://\($0):PORT/CASE" }),
        ("other hosts than it seems", disguised),
        ("ports", ports.map { "http://127.0.0.2:\($0)/CASE" }),
    ]

    /// The special-purpose blocks of RFC 6890 and of IANA's registry at both ends, and where clouds keep their metadata.
    private static let ipv4 = [
        "0.0.0.0", "0.255.255.255", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254", "127.0.0.1",
        "127.0.0.3",
        "127.255.255.254", "169.254.0.1", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.254",
        "192.0.0.1",
        "192.0.0.8", "192.0.0.170", "192.0.2.1", "192.88.99.1", "192.168.0.1", "192.168.255.254", "198.18.0.1",
        "198.19.255.254", "198.51.100.1", "203.0.113.1", "224.0.0.1", "233.252.0.1", "239.255.255.250", "240.0.0.1",
        "255.255.255.255", "100.100.100.200", "192.0.0.192", "168.63.129.16",
    ]

    private static let ipv6 = [
        "::", "::1", "fe80::1", "febf::1", "fec0::1", "fc00::1", "fdff::1", "ff02::1", "ff0e::1",
        // Metadata of clouds
        "fd00:ec2::254", "fd20:ce::254",
        // Documentation, discard-only, SRv6, not given out
        "2001:db8::1", "3fff::1", "100::1", "100:0:0:1::1", "5f00::1", "4000::1", "e000::1",
        // Protocol assignments: Teredo, benchmarks, both kinds of ORCHID, drones
        "2001::1", "2001:0:7f00:1::1", "2001:0:4136:e378:8000:63bf:80ff:fffe", "2001:2::1", "2001:10::1", "2001:20::1",
        "2001:30::1", "2001:1ff::1",
        // IPv4 in IPv6: compatible, mapped, translated, NAT64, 6to4, ISATAP
        "::127.0.0.1", "::a9fe:a9fe", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
        "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1", "64:ff9b:1:a9fe:a9:fe00::", "64:ff9b:1:ffff:ffff:ffff:7f00:1", "2002:7f00:1::1",
        "2002:a9fe:a9fe::1",
        "2002:c0a8:1::1", "2002:808:808::5efe:7f00:1", "2606:4700::5efe:127.0.0.1", "2606:4700::200:5efe:10.0.0.1",
        "fe80::5efe:7f00:1",
    ]

    /// Of loopback, of a private address, and of the metadata service.
    private static let spellings = [
        "2130706433", "017700000001", "0x7f000001", "0X7F000001", "127.1", "127.0.1", "0177.0.0.1", "00177.0.0.01",
        "0x7f.1",
        "0x7f.0x0.0x0.0x1", "0x7F.0.0.01", "127.0.0.1.", "0x7f.1.", "0", "0x", "00.0x.0", "127%2E0%2e0%2E1",
        "%31%32%37.0.0.1", "%32%31%33%30%37%30%36%34%33%33", "%30%78%37%66.1", "127\u{3002}0\u{3002}0\u{3002}1",
        "127\u{FF0E}0\u{FF0E}0\u{FF0E}1", "127\u{FF61}1", "\u{FF11}\u{FF12}\u{FF17}.0.0.1",
        "\u{2460}\u{2461}\u{2466}.0.0.1", "%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1", "127%E3%80%820%E3%80%820%E3%80%821",
        "\u{FF10}\u{FF58}7f.1", "12\u{AD}7.0.0.1", "3232235521", "0300.0250.1", "192.168.1", "0xC0A80001", "2852039166",
        "0xA9FEA9FE", "025177524776", "0251.0376.0251.0376", "169.254.43518", "169.16689662", "\u{2460}69.254.169.254",
        "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::FFFF:127.0.0.1]", "[0:0:0:0:0:ffff:7f00:0001]", "[::0.0.0.1]",
        "[0:0::127.0.0.1]", "localhost", "LOCALHOST", "localhost.", "loc%61lhost", "\u{24DB}ocalhost", "app.localhost",
    ]

    /// One host for who reads in haste and another for who connects.
    private static let disguised = [
        "http://127.0.0.2@127.0.0.1:PORT/CASE", "http://127.0.0.2:PORT@127.0.0.1:PORT/CASE",
        "http://user:password@127.0.0.1:PORT/CASE", "http://@127.0.0.1:PORT/CASE", "http://:@127.0.0.1:PORT/CASE",
        "http://127.0.0.2@site.test@127.0.0.1:PORT/CASE", "http://127.0.0.2%2F@127.0.0.1:PORT/CASE",
        "http://127.0.0.2%23@127.0.0.1:PORT/CASE", "http://[::1]@127.0.0.1:PORT/CASE",
        "http://127.0.0.2;@127.0.0.1:PORT/CASE",
        "http://127.0.0.2&@127.0.0.1:PORT/CASE", "http://127.0.0.1:PORT\\@127.0.0.2:PORT/CASE",
        "http://127.0.0.1:PORT/@127.0.0.2:PORT/CASE", "http://127.0.0.1:PORT?@127.0.0.2:PORT/CASE",
        "http://127.0.0.1:PORT/CASE#@127.0.0.2:PORT/", "http://127.0.0.1:PORT/CASE#\\@127.0.0.2:PORT/",
        "http:\\\\127.0.0.1:PORT\\CASE", "http:/\\127.0.0.1:PORT/CASE", "http:///127.0.0.1:PORT/CASE",
        "http:////127.0.0.1:PORT/CASE", "https:127.0.0.1:PORT/CASE", "https:/127.0.0.1:PORT/CASE",
        "//127.0.0.1:PORT/CASE",
        "///127.0.0.1:PORT/CASE", "\\\\127.0.0.1:PORT/CASE", "/\\127.0.0.1:PORT/CASE", "\\/127.0.0.1:PORT/CASE",
        "/\t/127.0.0.1:PORT/CASE", "http://127.0.\t0.1:PORT/CASE", "HtTp://127.0.0.1:PORT/CASE",
        "HTTPS://127.0.0.1:PORT/CASE",
        "http://127.0.0.1:000PORT/CASE", "http://127.0.0.1:PORT/../../CASE", "http://127.0.0.1:PORT/%2e%2e/CASE",
    ]

    /// Of other services, also on an address that may be connected to.
    private static let ports = [1, 22, 25, 53, 110, 143, 389, 465, 636, 993, 2049, 5060, 6000, 6667, 10080]

    /// What is no URL of the web, so that a redirect cannot lead there.
    static let unusable: [(group: String, targets: [String])] = [
        ("addresses that are none", noAddresses.map { "http://\($0):PORT/CASE" }),
        ("schemes", schemes),
        ("authorities that are none", noAuthorities),
    ]

    /// Each would be an address of loopback or another one for who counts modulo 2^32, or stops at a zero byte.
    private static let noAddresses = [
        "4294967297", "6425673729", "0x17f000001", "0x1000000007f000001", "040000000001", "127.0.0.256", "127.0.0.257",
        "383.0.0.1", "127.0.65537", "127.16777217", "127.0.0.1.1", "0.127.0.0.1", "127.0.0.08", "127.0.0.0x100",
        "127..0.1",
        "[::1", "[127.0.0.1]", "[::1%25lo]", "[fe80::1%25eth0]", "[::ffff:127.0.0.256]", "[::ffff:0x7f.1]",
        "[::%31]", "[1::1::1]", "[v1.127.0.0.1]", "127.0.0.1%00.site.test", "127.0.0.1%2523", "127.0.0.1%20",
        "127.0.0.1%09", "127.0.0.1%0d%0a", "127.0.0.2%40127.0.0.1", "127.0.0.2%2F127.0.0.1", "127.0.0.2%5C127.0.0.1",
        "\u{FF0F}",
    ]

    private static let schemes = [
        "file:///etc/passwd", "file://127.0.0.1/etc/passwd", "FILE:///etc/passwd", "gopher://127.0.0.1:PORT/_GET%20/",
        "ftp://127.0.0.1:PORT/CASE", "ftps://127.0.0.1:PORT/CASE", "dict://127.0.0.1:PORT/info",
        "ldap://127.0.0.1:PORT/CASE",
        "tftp://127.0.0.1:PORT/CASE", "telnet://127.0.0.1:PORT/", "smb://127.0.0.1/CASE", "scp://127.0.0.1:PORT/CASE",
        "ws://127.0.0.1:PORT/CASE", "jar:http://127.0.0.1:PORT/CASE!/", "view-source:http://127.0.0.1:PORT/CASE",
        "data:text/html,<a href=http://127.0.0.1:PORT/CASE>", "javascript:location='http://127.0.0.1:PORT/CASE'",
        "blob:http://127.0.0.1:PORT/CASE", "unix:/run/docker.sock", "netdoc:///etc/passwd",
        "php://filter/resource=/etc/passwd",
        "about:blank", "fi\tle:///etc/passwd",
    ]

    private static let noAuthorities = [
        "http://", "http://@", "http://:PORT/CASE", "http://user@:PORT/CASE", "http://127.0.0.1:99999/CASE",
        "http://127.0.0.1:-1/CASE", "http://127.0.0.1:PORT%2f/CASE", "http://127.0.0.1:80:PORT/CASE",
        "http://127.0.0.1:0x50/CASE",
        "http://127.0.0.1 :PORT/CASE",
    ]
}
