/// The labels by which pages name encodings, as browsers take them (WHATWG Encoding Standard, 4.2).
enum EncodingLabels {
    /// The name of the encoding that a label means; nil for an unknown one.
    static func name(_ label: String) -> String? { names[label.lowercased().collapsingBlanks()] }

    /// What iconv calls an encoding.
    static func converter(_ name: String) -> String {
        switch name {
        case "Shift_JIS": "CP932"
        case "EUC-KR": "CP949"
        case "Big5": "BIG5-HKSCS"
        case "GBK", "gb18030": "GB18030"
        case "windows-874": "CP874"
        case "macintosh": "MACINTOSH"
        case "x-mac-cyrillic": "MAC-CYRILLIC"
        case "ISO-8859-8-I": "ISO-8859-8"
        default: name.uppercased()
        }
    }

    private static let names: [String: String] = {
        var names: [String: String] = [:]
        for (name, labels) in table {
            for label in labels.split(separator: " ") { names[String(label)] = name }
        }
        return names
    }()

    private static let table: [(String, String)] = [
        ("UTF-8", "utf-8 utf8 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8"),
        ("UTF-16LE", "utf-16 utf-16le csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff"),
        ("UTF-16BE", "utf-16be unicodefffe"),
        (
            "windows-1252",
            "windows-1252 ansi_x3.4-1968 ascii us-ascii cp1252 x-cp1252 iso-8859-1 iso8859-1 iso88591 iso_8859-1 "
                + "iso_8859-1:1987 iso-ir-100 l1 latin1 cp819 ibm819 csisolatin1"
        ),
        ("windows-1250", "windows-1250 cp1250 x-cp1250"),
        ("windows-1251", "windows-1251 cp1251 x-cp1251"),
        ("windows-1253", "windows-1253 cp1253 x-cp1253"),
        (
            "windows-1254",
            "windows-1254 cp1254 x-cp1254 iso-8859-9 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 iso-ir-148 l5 "
                + "latin5 csisolatin5"
        ),
        ("windows-1255", "windows-1255 cp1255 x-cp1255"),
        ("windows-1256", "windows-1256 cp1256 x-cp1256"),
        ("windows-1257", "windows-1257 cp1257 x-cp1257"),
        ("windows-1258", "windows-1258 cp1258 x-cp1258"),
        ("windows-874", "windows-874 dos-874 iso-8859-11 iso8859-11 iso885911 tis-620"),
        (
            "ISO-8859-2",
            "iso-8859-2 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 iso-ir-101 l2 latin2 csisolatin2"
        ),
        ("ISO-8859-3", "iso-8859-3 iso8859-3 iso_8859-3 l3 latin3 csisolatin3"),
        ("ISO-8859-4", "iso-8859-4 iso8859-4 iso_8859-4 l4 latin4 csisolatin4"),
        ("ISO-8859-5", "iso-8859-5 iso8859-5 iso_8859-5 cyrillic csisolatincyrillic"),
        ("ISO-8859-6", "iso-8859-6 iso8859-6 iso_8859-6 arabic asmo-708 ecma-114 csisolatinarabic"),
        ("ISO-8859-7", "iso-8859-7 iso8859-7 iso_8859-7 greek greek8 elot_928 ecma-118 csisolatingreek"),
        ("ISO-8859-8", "iso-8859-8 iso8859-8 iso_8859-8 hebrew visual csisolatinhebrew iso-8859-8-e"),
        ("ISO-8859-8-I", "iso-8859-8-i logical csiso88598i"),
        ("ISO-8859-10", "iso-8859-10 iso8859-10 l6 latin6 csisolatin6"),
        ("ISO-8859-13", "iso-8859-13 iso8859-13"),
        ("ISO-8859-14", "iso-8859-14 iso8859-14"),
        ("ISO-8859-15", "iso-8859-15 iso8859-15 iso_8859-15 l9 csisolatin9"),
        ("ISO-8859-16", "iso-8859-16"),
        ("IBM866", "ibm866 866 cp866 csibm866"),
        ("KOI8-R", "koi8-r koi koi8 koi8_r cskoi8r"),
        ("KOI8-U", "koi8-u koi8-ru"),
        ("macintosh", "macintosh mac x-mac-roman csmacintosh"),
        ("x-mac-cyrillic", "x-mac-cyrillic x-mac-ukrainian mac-cyrillic"),
        ("GBK", "gbk gb2312 gb_2312 gb_2312-80 chinese csgb2312 csiso58gb231280 iso-ir-58 x-gbk"),
        ("gb18030", "gb18030"),
        ("Big5", "big5 big5-hkscs cn-big5 csbig5 x-x-big5"),
        ("EUC-JP", "euc-jp x-euc-jp cseucpkdfmtjapanese"),
        ("ISO-2022-JP", "iso-2022-jp csiso2022jp"),
        ("Shift_JIS", "shift_jis shift-jis sjis ms932 ms_kanji windows-31j x-sjis csshiftjis"),
        (
            "EUC-KR",
            "euc-kr cseuckr csksc56011987 iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 "
                + "windows-949 uhc"
        ),
    ]
}
