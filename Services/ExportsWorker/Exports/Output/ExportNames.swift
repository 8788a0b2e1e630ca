/// What the files of an export are named, so that they are known among others' in a bucket.
struct ExportNames: Sendable {
    /// What the names are, but for the numbers of parts and their endings; none twice.
    let bases: [String]
    /// What the names of the files of rows end with.
    let ending: String
    /// The name of the manifest.
    let manifest: String

    init(_ input: Export, tables: [String]) {
        var known: Set<String> = []
        bases = ([input.name] + tables.map(input.fileName)).filter { known.insert($0).inserted }
        (ending, manifest) = (input.fileEnding, input.manifestName)
    }

    /// Whether uploads to an object of this name are the export's, in whatever format an attempt of it wrote.
    func areOwn(_ name: Substring) -> Bool { rests(of: name).contains { $0.first == "." } }

    /// Whether an object of this name is a file of rows of this export, or of an earlier one of the same form.
    func isFile(_ name: Substring) -> Bool { rests(of: name).contains { $0 == ending } }

    /// What is left of the name behind a base and the number of a part.
    private func rests(of name: Substring) -> [Substring] {
        bases.filter(name.hasPrefix).map { base in
            let rest = name.dropFirst(base.count)
            let number = rest.dropFirst().prefix(5)
            let hasNumber = rest.first == "-" && number.count == 5 && number.allSatisfy { "0"..."9" ~= $0 }
            return hasNumber ? rest.dropFirst(6) : rest
        }
    }
}

extension Export {
    /// What the name of the file of a table is, but for its number and its ending.
    func fileName(of table: String) -> String { sources.count > 1 ? "\(name)-\(table)" : name }

    /// What the name of a file of rows ends with.
    var fileEnding: String { "." + format.suffix + (compression?.suffix ?? "") }

    /// The name of the file that tells of the others.
    var manifestName: String { name + ".manifest.json" }
}
