import Testing

@testable import CrawlingWorker

@Suite struct PageVerdictTests {
    private func verdict(_ html: String) throws -> ExtractedPage.Verdict {
        try PageExtractor().read(Array(html.utf8), contentType: "text/html; charset=utf-8").verdict
    }

    private static let prose = String(
        repeating: "<p>The story goes on for a while, with commas, and it ends like any other sentence does.</p>",
        count: 15)

    static let notFound = [
        "<title>404 Not Found</title><h1>Not Found</h1><p>The requested URL was not found on this server.",
        "<title>Page not found | The Daily</title><nav><a href=/>Home</a></nav><main><p>Try the search.</main>",
        "<title>The Daily</title><h1>404</h1>",
        "<title>Shop</title><h1>Oops</h1><p>The page you are looking for has moved.",
        "<title>Seite nicht gefunden – Blatt</title><p>Leider.", "<title>ページが見つかりません</title><p>404",
        "<title>X</title><main><p>This item is no longer available.</main>",
    ]

    static let botWalls = [
        "<title>Just a moment...</title><body><noscript>Enable JavaScript and cookies to continue</noscript>",
        "<title>x</title><script>window._cf_chl_opt = {cvId: '3'};</script><p>Checking",
        "<title>Attention Required! | Cloudflare</title><h1>Sorry, you have been blocked</h1>",
        "<title>shop.example</title><script src='https://ct.captcha-delivery.com/c.js'></script><p>Please enable JS",
        "<title>Access to this page has been denied</title><div id=px-captcha></div><p>Press & Hold to confirm you are a human",
        "<title>Access Denied</title><h1>Access Denied</h1><p>You don't have permission to access this server. Reference #18",
        "<title>Making sure you're not a bot!</title><script id=anubis_challenge type=application/json>{}</script>",
        "<title>Robot Check</title><p>Enter the characters you see below",
        "<title>Pardon Our Interruption</title><p>something about your browser made us think you were a bot.",
        "<title>x</title><script src=/_Incapsula_Resource?x></script>",
    ]

    static let loginWalls = [
        "<title>Log in | Forum</title><form><input name=u><input type=password></form>",
        "<title>Forum</title><h1>Sign in</h1><form><input type=password><a href=/f>Forgot your password?</a></form>",
        "<title>Intern</title><main><p>You must be logged in to see this.</main><form><input type=Password></form>",
        "<title>Anmelden – Blatt</title><input type=password>",
    ]

    static let content = [
        "<title>Why 404 pages matter</title><h1>Why 404 pages matter</h1>\(prose)<p>The requested URL was not found.",
        "<title>Peugeot 404 review</title><p>A car of the sixties, and a good one.",
        "<title>404 | A history of the error</title>\(prose)",
        "<title>How captchas work</title><h1>Captcha</h1>\(prose)<p>Verify you are human, they say.",
        "<title>Cloudflare's \u{201C}Just a moment\u{201D} page explained</title>\(prose)<p>Ray ID",
        "<title>News</title><header><form><input type=password></form></header><h1>The day</h1>\(prose)",
        "<title>Log in to see nothing</title><p>A short poem, not a form.",
        "<title>Access denied: a novel</title>\(prose)", "<title>Room 404</title><p>Not found on any map, this room.",
        "", "<p>x",
    ]

    @Test("A page that says that there is none", arguments: notFound)
    func softNotFound(html: String) throws {
        let verdict = try verdict(html)
        guard case .softNotFound = verdict else {
            Issue.record("\(verdict)")
            return
        }
    }

    @Test("A guard's page", arguments: botWalls)
    func botWall(html: String) throws {
        let verdict = try verdict(html)
        guard case .botWall = verdict else {
            Issue.record("\(verdict)")
            return
        }
    }

    @Test("A page that asks who one is", arguments: loginWalls)
    func loginWall(html: String) throws {
        let verdict = try verdict(html)
        guard case .loginWall = verdict else {
            Issue.record("\(verdict)")
            return
        }
    }

    @Test("A page about any of these is content", arguments: content)
    func others(html: String) throws {
        #expect(try verdict(html) == .content)
    }
}
