import Testing

@testable import WebAddress

@Suite struct CanonicalTests {
    private func expectURLs(
        withoutTracking: Bool = true, _ rows: [(String, String)], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        expectTable(rows, sourceLocation: sourceLocation) { text throws(URLFault) in
            let url = try PageURL("https://h" + text).canonical(withoutTracking: withoutTracking)
            #expect(url.canonical(withoutTracking: withoutTracking) == url, sourceLocation: sourceLocation)
            return url.target
        }
    }

    @Test func partsThatChooseNoPageGo() throws {
        let url = try PageURL("http://user:secret@H:81/a?#f").canonical()
        #expect(url.text == "http://h:81/a" && url.host == "h" && url.port == 81 && url.origin == "http://h:81")
        #expect(url.path == "/a" && url.query == nil && !url.hasCredentials)
        let longer = try PageURL("https://user@[::1]/%7ea?%7eb=1").canonical()
        #expect(longer.text == "https://[::1]/~a?~b=1" && longer.path == "/~a" && longer.query == "~b=1")
        #expect(longer.host == "::1" && longer.port == 443 && longer.origin == "https://[::1]")
    }

    @Test func percentEncoding() {
        expectURLs([
            ("/a/b", "/a/b"),
            ("/%41%62%39", "/Ab9"),
            ("/%7Euser/%2D%2e%5F", "/~user/-._"),
            ("/%c3%bc", "/%C3%BC"),
            ("/ü", "/%C3%BC"),
            ("/a%2fb%3fc%23d", "/a%2Fb%3Fc%23d"),
            ("/a%3bb%26c%3dd%2bE", "/a%3Bb%26c%3Dd%2BE"),
            ("/%25%2541", "/%25%2541"),
            ("/%20+", "/%20+"),
            ("/%zz%4", "/%zz%4"),
            ("/100%", "/100%"),
            ("/%%341", "/%%341"),
            ("/%4%31", "/%4%31"),
            ("/%%34%31", "/%%341"),
            ("/%%%41%42", "/%%%41B"),
            ("/%xyz%41", "/%xyzA"),
            ("/a%2e%2e", "/a.."),
            ("/%2e%2e%2e", "/..."),
            ("/?%61=%62%C3%bc", "/?a=b%C3%BC"),
            ("/?a=%26%3d%2B+", "/?a=%26%3D%2B+"),
            ("/?%fc", "/?%FC"),
            ("/?%", "/?%"),
        ])
    }

    @Test func queries() {
        expectURLs([
            ("/?", "/"),
            ("/a?#f", "/a"),
            ("/??", "/??"),
            ("/?b=2&a=1", "/?b=2&a=1"),
            ("/?a=1&a=1", "/?a=1&a=1"),
            ("/?a&b=&=c", "/?a&b=&=c"),
            ("/?&", "/?&"),
            ("/?a=1&", "/?a=1&"),
            ("/?a=1&&b=2", "/?a=1&&b=2"),
        ])
    }

    @Test func trackingParameters() {
        expectURLs([
            ("/?utm_source=x", "/"),
            ("/?utm_source=x&utm_medium=y&utm_campaign=z", "/"),
            ("/?id=7&utm_source=x", "/?id=7"),
            ("/?utm_source=x&id=7", "/?id=7"),
            ("/?b=2&utm_source=x&a=1", "/?b=2&a=1"),
            ("/?UTM_Source=x&id=7", "/?id=7"),
            ("/?%75tm_source=x&id=7", "/?id=7"),
            ("/?utm_anything&id=7", "/?id=7"),
            ("/?utm_=1&utm=2&utmx=3&xutm_a=4", "/?utm=2&utmx=3&xutm_a=4"),
            ("/?gclid=1&fbclid=2&msclkid=3&mc_eid=4&mc_cid=5", "/"),
            ("/?dclid=1&gbraid=2&wbraid=3&srsltid=4&_ga=5&_gl=6&yclid=7", "/"),
            ("/?mkt_tok=1&_hsenc=2&_hsmi=3&__hstc=4&hsa_acc=5&mtm_kwd=6&pk_campaign=7", "/"),
            ("/?igshid=1&twclid=2&ttclid=3&li_fat_id=4&epik=5", "/"),
            ("/?gclids=1&agclid=2&ref=3&source=4", "/?gclids=1&agclid=2&ref=3&source=4"),
            ("/?q=utm_source=x&r=gclid", "/?q=utm_source=x&r=gclid"),
            ("/?q=1%26utm_source=2", "/?q=1%26utm_source=2"),
            ("/?&utm_source=x", "/"),
            ("/?&gclid=1&", "/?&"),
            ("/utm_source=x", "/utm_source=x"),
            ("/a;utm_source=x/b", "/a/b"),
        ])
    }

    @Test func sessions() {
        let token = "0123456789abcdefABCDEF0123456789"
        expectURLs([
            ("/a;jsessionid=1A2B3C", "/a"),
            ("/a;JSESSIONID=1A2B3C.node1?q=1", "/a?q=1"),
            ("/a;jsessionid=1/b;c=2", "/a/b;c=2"),
            ("/a;c=2;jsessionid=1;d=3", "/a;c=2;d=3"),
            ("/;jsessionid=1", "/"),
            ("/a;%6Asessionid=1", "/a"),
            ("/a%3Bjsessionid=1", "/a%3Bjsessionid=1"),
            ("/jsessionid=1", "/jsessionid=1"),
            ("/a/..;jsessionid=1/b", "/a/..;jsessionid=1/b"),
            ("/a/.;jsessionid=1", "/a/.;jsessionid=1"),
            ("/a;v=1.2;w", "/a;v=1.2;w"),
            ("/?PHPSESSID=abc&id=7", "/?id=7"),
            ("/?jsessionid=x&cftoken=9&cfid=8", "/"),
            ("/?ASPSESSIONIDQQRRSSTT=ABC&id=7", "/?id=7"),
            ("/?ASP.NET_SessionId=x", "/"),
            ("/?sid=\(token)&id=7", "/?id=7"),
            ("/?session_id=01234567-89ab-cdef-0123-456789abcdef", "/"),
            ("/a;sid=\(token)", "/a"),
            ("/?s=\(token)", "/"),
            ("/?SID=\(token)", "/"),
            ("/?sid=42", "/?sid=42"),
            ("/?sid=1234567890123456789", "/?sid=1234567890123456789"),
            ("/?sid=abcdefabcdefabcdef", "/?sid=abcdefabcdefabcdef"),
            ("/?sid=0123456789abcde", "/?sid=0123456789abcde"),
            ("/?sid=0123456789abcdefg", "/?sid=0123456789abcdefg"),
            ("/?s=searched+words", "/?s=searched+words"),
            ("/?session=2024-spring", "/?session=2024-spring"),
            ("/?sid", "/?sid"),
            ("/?id=\(token)", "/?id=\(token)"),
        ])
    }

    @Test func visitsStayWhereTheyAreWanted() {
        expectURLs(
            withoutTracking: false,
            [
                ("/%61;jsessionid=1?utm_source=%78&PHPSESSID=2", "/a;jsessionid=1?utm_source=x&PHPSESSID=2"),
                ("/a?", "/a"),
            ])
    }

    @Test func listsAreInLowerCaseAndApart() {
        let names = VisitParameter.tracking.union(VisitParameter.sessions).union(VisitParameter.possibleSessions)
        #expect(names.allSatisfy { $0 == $0.lowercased() })
        #expect(VisitParameter.tracking.isDisjoint(with: VisitParameter.sessions))
        #expect(VisitParameter.trackingPrefixes.allSatisfy { $0.firstIndex(of: "_") == $0.indices.last })
    }
}
