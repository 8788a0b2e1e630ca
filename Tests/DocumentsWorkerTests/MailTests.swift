import DocumentsWorker
import Foundation
import Markup
import TestKit
import Testing

/// Mails: what they say, and what is attached to them.
@Suite(.serialized)
struct MailTests {
    private let extractor = Fixture.extractor

    private func tree(_ mail: String, name: String = "x.eml", limits: ExtractionLimits = ExtractionLimits())
        async throws -> [Leaf]
    {
        let file = try ScratchFile(Data(mail.utf8))
        return await extractor.tree(file.path, name: name, limits: limits)
    }

    @Test func aMailWithAttachments() async throws {
        let leaves = await extractor.tree(Fixture.path("sample.eml"), name: "sample.eml")
        #expect(
            leaves[0].document?.markdown == """
                # The yard at night: Größe

                From: Žofie Müller \\<zofie@example.org>\\
                To: Ada Berg \\<ada@example.org>, Jörg \\<joerg@example.org>\\
                Cc: yard@example.org\\
                Date: 2024-05-01T08:30:00Z

                A wagon is never lost; it waits in its siding for a while, and then goes on to where it belongs.

                > Where is wagon 7? Größe zählt.

                On track two.\\
                -- \\
                Zofie

                """)
        let metadata = leaves[0].document?.metadata
        #expect(metadata?.mediaType == "message/rfc822" && metadata?.title == "The yard at night: Größe")
        #expect(metadata?.author == "Žofie Müller <zofie@example.org>" && metadata?.created == "2024-05-01T08:30:00Z")
        #expect(leaves.map(\.path) == ["0", "0/0", "0/1", "0/2"] && leaves.allSatisfy { $0.code == nil })
        #expect(leaves.dropFirst().map(\.name) == ["Größe.txt", "Über.pdf", "東京.eml"])
        #expect(leaves[1].document == (try await extractor.sample("sample.txt")))
        #expect(leaves[2].document == (try await extractor.sample("sample.pdf")))
        #expect(
            leaves[3].document?.markdown == """
                # 東京

                From: Jörg \\<joerg@example.org>\\
                To: zofie@example.org\\
                Date: 2024-04-30T09:00:00Z

                Where is *wagon 7*?

                | Track | State |
                | --- | --- |
                | 1 | free |

                """)
        #expect(leaves[3].document?.cells == [[["Track", "State"], ["1", "free"]]])
    }

    @Test func aMailOfOutlook() async throws {
        let leaves = await extractor.tree(Fixture.path("sample.msg"), name: "sample.msg")
        #expect(
            leaves[0].document?.markdown == """
                # The yard at night: 東京

                From: Žofie Müller \\<zofie@example.org>\\
                To: Ada Berg \\<ada@example.org>\\
                Cc: yard@example.org\\
                Date: 2024-05-01T08:30:00Z

                A wagon is **never** lost. Größe.

                """)
        let metadata = leaves[0].document?.metadata
        #expect(metadata?.mediaType == "application/vnd.ms-outlook" && metadata?.title == "The yard at night: 東京")
        #expect(metadata?.created == "2024-05-01T08:30:00Z" && leaves[0].shortfall == nil)
        #expect(leaves.map(\.path) == ["0", "0/0", "0/1", "0/1/0", "0/2"] && leaves.allSatisfy { $0.code == nil })
        #expect(leaves.dropFirst().map(\.name) == ["plan.pdf", "Größe.msg", "größe.txt", "large.txt"])
        #expect(leaves[1].document == (try await extractor.sample("sample.pdf")))
        #expect(
            leaves[2].document?.markdown == """
                # Größe

                From: Jörg\\
                Date: 2024-05-01T08:30:00Z

                Wo ist Wagen 7?

                > Auf Gleis 2.

                """)
        #expect(leaves[3].document == (try await extractor.sample("sample.txt")))
        #expect(
            leaves[4].document?.text.unicodeScalars.count == 100 * (leaves[3].document?.text.unicodeScalars.count ?? 0))
    }

    @Test func whatIsAMail() async throws {
        let cases: [(String, String, String)] = [
            ("From: a@b.example\nTo: c@d.example\nSubject: s\n\nwords", "", "message/rfc822"),
            ("From: a@b.example\r\nTo: c@d.example\r\n\r\nwords", "x.txt", "message/rfc822"),
            ("Subject: s\n\nwords", "x.eml", "message/rfc822"), ("Subject: s\n\nwords", "x.txt", "text/plain"),
            ("Date: today\nweather: fine\n\nwords", "", "text/plain"),
            ("From: a\nTo: b\n\nwords", "x.md", "text/markdown"), ("words and: signs\n", "x.eml", "text/plain"),
            ("From a@b.example Mon Jan 1 00:00:00 2024\nFrom: a\nTo: b\n\nwords\n", "", "application/mbox"),
        ]
        for (text, name, type) in cases {
            let file = try ScratchFile(Data(text.utf8))
            let document = try await extractor.extract(path: file.path, name: name)
            #expect(document.metadata.mediaType == type, "\(text)")
        }
    }

    @Test func aMailbox() async throws {
        let mails = (1...3).map {
            "From a@b.example Mon Jan  1 00:00:00 2024\nFrom: A <a@b.example>\nSubject: Mail \($0)\nDate: Mon, 1 Jan 2024 00:00:0\($0) +0000\n\nText \($0).\n\n"
        }
        let leaves = try await tree(mails.joined(), name: "x.mbox")
        #expect(leaves.map(\.name) == ["x.mbox", "Mail 1.eml", "Mail 2.eml", "Mail 3.eml"])
        #expect(leaves[0].document?.cells.first?[2] == ["Mail 2", "A <a@b.example>", "2024-01-01T00:00:02Z"])
        #expect(leaves[3].document?.text.hasSuffix("Text 3.") == true)
    }

    @Test func whichPartsAreDocuments() async throws {
        let leaves = try await tree(
            mail(
                "mixed",
                [
                    "Content-Type: text/html\n\n<p>Look: <img src='cid:a@b'></p>",
                    "Content-Type: image/png; name=shown.png\nContent-ID: <a@b>\nContent-Disposition: inline\n\nx",
                    "Content-Type: image/png; name=besides.png\nContent-ID: <c@d>\n\nx", "Content-Type: image/png\n\nx",
                    "Content-Type: text/plain; name=notes.txt\n\nnotes", "Content-Type: text/plain\n\nmore words",
                    "Content-Type: text/plain\nContent-Disposition: attachment\n\nno name",
                    "Content-Type: application/pgp-signature; name=signature.asc\n\nx",
                    "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n\nx",
                    "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR",
                ]))
        #expect(leaves[0].document?.text.hasSuffix("Look:\n\nmore words") == true)
        #expect(
            leaves.dropFirst().map(\.name) == [
                "besides.png", "attachment 2", "notes.txt", "attachment 4", "smime.p7m", "attachment 6",
            ])
        #expect(leaves.map(\.code)[5] == .encrypted && leaves[4].document?.text == "no name")
        let silent = try await tree(
            "Received: by a\nMIME-Version: 1.0\nContent-Type: text/plain; name=notes.txt\n\nwords")
        #expect(silent.map { $0.document?.text } == ["", "words"])
        let locked = try await tree(
            mail("encrypted", ["Content-Type: application/pgp-encrypted\n\nVersion: 1", "Content-Type: a/b\n\nx"]))
        #expect(locked.map(\.code) == [nil, .encrypted])
    }

    @Test func alternatives() async throws {
        let html = "Content-Type: text/html\n\n<p>rich</p>"
        for (parts, text) in [
            (["Content-Type: text/plain\n\nplain", html], "plain"),
            (["Content-Type: text/plain\n\n \n", html], "rich"),
            ([html, "Content-Type: text/calendar\n\nx"], "rich"),
        ] {
            let leaves = try await tree(mail("alternative", parts))
            #expect(leaves[0].document?.text.hasSuffix("\n\n" + text) == true)
        }
    }

    @Test func mailsThatAreNotWhole() async throws {
        let head = "From: a@b.example\nTo: c@d.example\nSubject: s\n"
        let cases: [(String, String)] = [
            (head + "Content-Type: multipart/mixed\n\nno parts at all\n", "no parts at all"),
            (head + "Content-Type: multipart/mixed; boundary=\"q\n\n--q\n\nno end\n", "no end"),
            (String(mail("mixed", ["Content-Type: text/plain\n\ncut here"]).dropLast(9)), "cut here"),
        ]
        for (text, end) in cases {
            let leaves = try await tree(text)
            #expect(leaves[0].document?.text.hasSuffix(end) == true, "\(leaves)")
            #expect(leaves[0].shortfall == .corrupt)
        }
    }

    @Test func mailsBeyondAllMeasure() async throws {
        let before = Processes.residentBytes()
        let attachment = "Content-Type: text/plain\nContent-Disposition: attachment\n\nx"
        let many = try await tree(mail("mixed", Array(repeating: attachment, count: 10_000)))
        #expect(many.count == 1001 && many[0].shortfall == .tooManyMembers)

        var deep = "Content-Type: text/plain\n\nkernel"
        for level in 0..<1000 {
            deep = "Content-Type: multipart/mixed; boundary=b\(level)\n\n--b\(level)\n\(deep)\n--b\(level)--"
        }
        let parts = try await tree("From: a\nTo: b\nSubject: deep\n" + deep)
        #expect(parts.count == 1 && parts[0].document?.text.hasPrefix("deep") == true)
        #expect(parts[0].shortfall == .tooDeep)

        var inner = "From: a\nTo: b\nSubject: 0\n\nkernel"
        for level in 1...1000 {
            inner = "From: a\nTo: b\nSubject: \(level)\nContent-Type: message/rfc822\n\n" + inner
        }
        let mails = try await tree(inner)
        #expect(mails.map(\.shortfall) == [nil, nil, nil, nil, nil, .tooDeep])
        #expect(mails.last?.document?.text.hasPrefix("995") == true)
        #expect(Processes.residentBytes() - before < 32 << 20)
    }

    @Test(arguments: ["sample.eml", "sample.msg"])
    func damage(name: String) async throws {
        let whole = try Fixture.bytes(name)
        func expectSoundEnd(_ bytes: Data, _ what: String) async throws {
            let file = try ScratchFile(bytes)
            for leaf in await extractor.tree(file.path, name: name) {
                let expected: [ExtractionError.Code?] = [nil, .corrupt, .empty, .unsupported, .encrypted]
                #expect(expected.contains(leaf.code), "\(what), \(leaf.path)")
            }
        }
        for part in 1..<12 { try await expectSoundEnd(whole.prefix(whole.count * part / 12), "part \(part)") }
        for seed in 0..<40 {
            var random = Seeded(state: UInt64(seed))
            var bytes = whole
            for _ in 0..<Int.random(in: 1...16, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            try await expectSoundEnd(bytes, "seed \(seed)")
        }
    }

    private func mail(_ kind: String, _ parts: [String]) -> String {
        "From: a@b.example\nTo: c@d.example\nMIME-Version: 1.0\nContent-Type: multipart/\(kind); boundary=mark\n\n"
            + parts.map { "--mark\n\($0)\n" }.joined() + "--mark--\n"
    }
}
