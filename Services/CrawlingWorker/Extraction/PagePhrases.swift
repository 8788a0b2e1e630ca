/// What pages say that are no content; in small letters.
struct PagePhrases {
    /// Enough by themselves where the title or the first heading begins with them.
    let titles: [String]
    /// Enough where the page says hardly anything else.
    let texts: [String]

    /// The text of a page that is nothing but a message, in bytes.
    private static let longestText = 1200

    /// The first phrase that a page has.
    func first(title: String, heading: String, text: String) -> String? {
        if let mark = titles.first(where: { Self.isAbout(title, $0) || Self.isAbout(heading, $0) }) { return mark }
        guard text.utf8.count <= Self.longestText else { return nil }
        return text.lowercased().utf8.span.withUnsafeBufferPointer { text in texts.first { text.contains($0) } }
    }

    /// Whether a title is this phrase, alone or beside the name of a site, or begins with it.
    private static func isAbout(_ title: String, _ phrase: String) -> Bool {
        guard title.utf8.span.withUnsafeBufferPointer({ $0.contains(phrase) }),
            let place = title.firstRange(of: phrase)
        else { return false }
        let before = title[..<place.lowerBound]
        let after = title[place.upperBound...]
        let isWhole = !(after.first?.isLetter ?? false) && !(after.first?.isNumber ?? false)
        let separators: Set<Character> = ["-", "|", "–", "—", "·", "»", ":", "!", ".", ",", "\u{2026}"]
        func isEdge(_ character: Character?) -> Bool { character.map { separators.contains($0) } ?? true }
        return isWhole && isEdge(before.last { $0 != " " }) && isEdge(after.first { $0 != " " })
    }

    static let notFound = PagePhrases(
        titles: [
            "404", "404 not found", "404 error", "error 404", "error 404 (not found)", "page not found", "not found",
            "page cannot be found", "file not found", "seite nicht gefunden", "page introuvable", "page non trouvée",
            "página no encontrada", "página não encontrada", "pagina non trovata", "pagina niet gevonden",
            "strona nie znaleziona", "страница не найдена", "ページが見つかりません", "页面不存在", "页面未找到",
            "找不到页面", "페이지를 찾을 수 없습니다", "sidan hittades inte", "siden ble ikke funnet", "siden blev ikke fundet",
            "oops! that page can’t be found", "oops! that page can't be found", "sayfa bulunamadı", "410 gone",
            "this page doesn't exist", "this page does not exist", "nothing found",
        ],
        texts: [
            "the page you are looking for", "the page you requested could not be found",
            "the page you were looking for",
            "page you're looking for", "this page isn't available", "this page is no longer available",
            "the requested url was not found", "page could not be found", "page cannot be found", "page not found",
            "die angeforderte seite", "die gesuchte seite", "la page que vous", "la página que buscas",
            "страница не найдена",
            "this item is no longer available", "the content you requested", "error 404", "お探しのページ", "您访问的页面不存在",
        ])

    static let botWall = PagePhrases(
        titles: [
            "just a moment", "just a moment...", "attention required! | cloudflare", "attention required",
            "access denied",
            "are you a robot?", "are you human?", "are you a human?", "robot check", "bot verification",
            "security check",
            "human verification", "verify you are human", "please verify you are a human", "pardon our interruption",
            "making sure you're not a bot", "making sure you’re not a bot", "ddos-guard", "checking your browser",
            "you have been blocked", "sorry, you have been blocked", "captcha", "vercel security checkpoint",
            "client challenge", "bot or not?",
        ],
        texts: [
            "verify you are human", "verify that you are human", "verifying you are human",
            "verify you are not a robot",
            "confirm you are a human", "confirm that you are human", "prove you are human",
            "checking your browser before",
            "checking if the site connection is secure", "enable javascript and cookies to continue",
            "press & hold to confirm", "press and hold", "unusual traffic from your", "automated access to",
            "you don't have permission to access", "made us think that you are a bot", "made us think you were a bot",
            "protected by anubis", "are you a robot", "complete the captcha", "solve the captcha", "solve this captcha",
            "ray id", "needs to review the security of your connection", "your request has been blocked",
        ])

    static let login = PagePhrases(
        titles: [
            "log in", "login", "sign in", "sign-in", "log-in", "anmelden", "einloggen", "connexion", "se connecter",
            "iniciar sesión", "acceder", "accedi", "entrar", "inloggen", "logga in", "войти", "вход", "ログイン", "登录",
            "登入", "로그인", "zaloguj się", "log in or sign up", "member login", "authentication required",
        ],
        texts: [
            "log in to continue", "sign in to continue", "please log in", "please sign in", "you must be logged in",
            "you must log in", "you need to log in", "you need to sign in", "forgot your password", "forgot password",
            "passwort vergessen", "mot de passe oublié", "has olvidado tu contraseña", "log in to your account",
            "sign in to your account",
        ])
}
