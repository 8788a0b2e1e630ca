/// Text that looks like English to whoever counts words.
enum Words {
    private static let common = """
        the of and to in is that it was for on are as with his they at be this from have or by one had not but what \
        all were when we there can an your which their said if do will each about how up out them then she many some \
        so these would other into has more her two like him see time could no make than first been its who now \
        people my made over did down only way find use may water long little very after words called just where most \
        know get through back much before go good new write our used me man too any day same right look think also \
        around another came come work three word must because does part even place well such here take why things \
        help put years different away again off went old number great tell men say small every found still between \
        name should home big give air line set own under read last never us left end along while might next sound \
        below saw something thought both few those always looked show large often together asked house world going \
        want school important until form food keep children feet land side without boy once animals life enough took \
        sometimes four head above kind began almost live page got earth need far hand high year mother light parts \
        country father let night following picture being study second eyes soon times story boys since white days \
        ever paper hard near sentence better best across during today others however sure means knew try told young \
        miles sun ways thing whole hear example heard several change answer room sea against top turned learn point \
        city play toward five
        """.split(separator: " ").map(String.init)
    private static let onsets = [
        "b", "br", "c", "d", "dr", "f", "g", "gl", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v",
    ]
    private static let rimes = [
        "al", "an", "ar", "el", "en", "er", "il", "in", "ol", "on", "or", "um", "ane", "ist", "ule",
    ]

    /// A word that nobody uses, of two or three syllables.
    static func coined(_ random: inout Random) -> String {
        (0..<2 + random.below(2)).map { _ in random.pick(onsets) + random.pick(rimes) }.joined()
    }

    /// A paragraph of so many sentences, of which a third of the words are the theme's.
    static func paragraph(sentences: Int, theme: [String], _ random: inout Random) -> String {
        var text = ""
        for index in 0..<sentences {
            if index > 0 { text += " " }
            let count = 7 + random.below(14)
            for position in 0..<count {
                let word = random.below(3) == 0 ? random.pick(theme) : random.pick(common)
                if position > 0 { text += random.below(12) == 0 ? ", " : " " }
                text += position == 0 ? word.prefix(1).uppercased() + word.dropFirst() : word
            }
            text += "."
        }
        return text
    }

    /// Paragraphs of a text of at least so many words.
    static func text(words: Int, _ random: inout Random) -> [String] {
        let theme = (0..<60).map { _ in coined(&random) }
        var paragraphs: [String] = []
        var count = 0
        while count < words {
            let sentences = 3 + random.below(5)
            paragraphs.append(paragraph(sentences: sentences, theme: theme, &random))
            count += sentences * 13
        }
        return paragraphs
    }

    /// Two words joined as in an address.
    static func slug(_ random: inout Random) -> String { coined(&random) + "-" + coined(&random) }
}
