import Testing

@testable import HTTPClient

@Suite struct AddressPolicyTests {
    @Test(arguments: [
        "8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1", "223.255.255.255",
        "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1",
        "168.63.129.15", "2606:4700::5efe:808:808", "2606:4700::1:5efe:7f00:1", "2002:808:808::5efe:808:808",
    ]) func publicAddressesAreAllowed(text: String) throws {
        #expect(AddressPolicy().allows(try #require(IPAddress(text)), host: "x"))
    }

    @Test(arguments: [
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1",
        "172.31.9.9",
        "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1",
        "203.0.113.9",
        "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1", "2002:7f00:1::", "2002:a00:1::1", "2002:c0a8:101::1", "3fff::1", "fc00::1", "fd12::1", "fe80::1",
        "fec0::1",
        "ff02::1",
        "100.100.100.200", "168.63.129.16", "192.0.0.170", "192.0.0.192", "233.252.0.1", "::ffff:0:7f00:1", "::a00:1",
        "64:ff9b::a9fe:a9fe", "64:ff9b:1:ffff:ffff:ffff:808:808", "100::ffff:ffff:ffff:ffff", "100:0:0:1::1",
        "2001:0:7f00:1::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:30::1", "2001:1ff::1", "2002:a9fe:a9fe::",
        "2002:808:808::5efe:7f00:1", "2606:4700::5efe:7f00:1", "2606:4700::200:5efe:a9fe:a9fe", "4000::1", "5f00::1",
        "fd00:ec2::254", "fd20:ce::254", "fe80::5efe:808:808", "ff0e::1",
    ]) func everythingElseIsRefused(text: String) throws {
        #expect(!AddressPolicy().allows(try #require(IPAddress(text)), host: "x"))
    }

    @Test func whatIsListedIsAllowed() throws {
        let policy = try #require(AddressPolicy(["10.0.0.0/9", "fd00::/8", "127.0.0.1", "Inside.Example"]))
        func allows(_ text: String, _ host: String = "x") throws -> Bool {
            policy.allows(try #require(IPAddress(text)), host: host)
        }
        #expect(try allows("10.127.0.1") && allows("fd00::1") && allows("127.0.0.1"))
        #expect(try !allows("10.128.0.1") && !allows("127.0.0.2") && !allows("fc00::1") && !allows("::1"))
        #expect(try allows("192.168.0.1", "inside.example") && allows("::1", "INSIDE.example"))
        #expect(AddressPolicy(["10.0.0.0/33"]) == nil && AddressPolicy([""]) == nil && AddressPolicy(["a b"]) == nil)
        #expect(AddressPolicy(["10.0.0"]) == nil, "an address cut short is no name")
    }

    @Test func urlsAreTakenApartAsTheyWillBeFollowed() throws {
        let url = try WebURL("HTTP://Example.COM/a/../b?q#f")
        #expect(url.scheme == "http" && url.host == "example.com" && url.port == 80)
        #expect(!url.text.contains("#") && url.path == "/b" && url.origin == "http://example.com")
        #expect(try WebURL("https://example.com").path == "/")
        #expect(try WebURL("https://[::1]:80/%2e").origin == "https://[::1]:80")
        #expect(try WebURL("https://[::1]:8443/").host == "::1")
        #expect(try WebURL("http://127.1/").address == IPAddress("127.0.0.1"))
        #expect(try WebURL("http://0x7f000001/").address == IPAddress("127.0.0.1"))
        #expect(try url.resolving("../c").text == "http://example.com/c")
        #expect(try url.resolving("//other/x").host == "other")
        for text in [
            "", "ftp://example.com/", "file:///etc/passwd", "http://", "http://user@example.com/",
            "http://u:p@example.com/",
            "http://exa mple.com/", "http://example.com:99999/", "gopher://x/",
            "http://x/" + String(repeating: "a", count: 5000),
        ] {
            #expect(throws: WebError.self, "\(text.prefix(40))") { try WebURL(text) }
        }
    }
}
