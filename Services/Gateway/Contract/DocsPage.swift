import JSON
import Jobs

/// The API for readers: every call with its parameters, bodies, answers and problems, on one page without scripts.
struct DocsPage {
    let groups: [RouteGroup]

    init(_ groups: [RouteGroup]) { self.groups = groups }

    var html: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Switchyard: the API</title><style>\(Self.style)</style></head>
        <body>
        <h1>Switchyard: the API</h1>
        <p>The same for machines: <a href="/openapi.json">/openapi.json</a>, and <a href="/asyncapi.json">/asyncapi.json</a> for
        the messages over AMQP. Send the key as <code>Authorization: Bearer KEY</code> or <code>X-API-Key: KEY</code>.</p>
        <nav>\(groups.map { "<a href=\"#\($0.name)\">\($0.name)</a>" }.joined(separator: " "))
        <a href="#objects">Objects</a> <a href="#problems">Problems</a></nav>
        \(groups.map(section).joined())
        <h2 id="objects">Objects</h2>
        \(OpenAPI.representations.map { object($0.schemaName, $0.schema) }.joined())
        <h2 id="problems">Problems</h2>
        <p>Errors are <code>application/problem+json</code>. <code>code</code> is stable; <code>detail</code> says what to do;
        <code>errors</code> points into the body.</p>
        <table><tr><th>status</th><th>code</th><th></th></tr>
        \(Problem.Code.allCases.map { "<tr><td>\($0.status)</td><td><code>\($0.rawValue)</code></td><td>\(escape($0.title))</td></tr>" }.joined())
        </table>
        </body></html>
        """
    }

    private func section(_ group: RouteGroup) -> String {
        "<h2 id=\"\(group.name)\">\(group.name)</h2><p>\(escape(group.description))</p>"
            + group.routes.map(call).joined()
    }

    private func call(_ route: Route) -> String {
        var html = """
            <section id="\(route.id)"><h3><b>\(route.method)</b> <code>\(escape(route.path))</code></h3>
            <p>\(escape(route.summary)). \(escape(route.details)) <small>Scope: \(route.scope?.rawValue ?? "none, but a signature").</small></p>
            """
        let parameters = route.query.map { ($0.name, $0.description) } + route.headers.map { ($0.name, $0.description) }
        if !parameters.isEmpty {
            let rows = parameters.map { "<tr><td><code>\($0)</code></td><td>\(escape($1))</td></tr>" }
            html += "<table>\(rows.joined())</table>"
        }
        switch route.body {
        case .none: break
        case .file: html += "<p>Body: the bytes of the file.</p>"
        case .signed: html += "<p>Body: JSON as the provider posts it.</p>"
        case .object(let schema, _, _), .submission(let schema, _): html += details("Body", schema)
        }
        for answer in route.answers {
            html += "<p><b>\(answer.status)</b> \(escape(answer.description))"
            if case .json(let schema) = answer.content { html += " " + type(schema) }
            html += "</p>"
        }
        let problems = Dictionary(grouping: route.problems, by: \.status).sorted { $0.key < $1.key }
        let list = problems.map { "\($0) " + $1.map { "<code>\($0.rawValue)</code>" }.joined(separator: " ") }
        return html + "<p><small>\(list.joined(separator: " · "))</small></p></section>"
    }

    private func object(_ name: String, _ schema: JSON) -> String {
        let rows = (schema["properties"]?.objectValue ?? [:]).map { key, member in
            "<tr><td><code>\(escape(key))</code></td><td>\(type(member))</td><td>\(escape(member["description"]?.stringValue ?? ""))</td></tr>"
        }
        return """
            <h3 id="\(name)">\(name)</h3><p>\(escape(schema["description"]?.stringValue ?? ""))</p>
            <table>\(rows.joined())</table>
            """
    }

    private func details(_ title: String, _ schema: JSON) -> String {
        "<details><summary>\(title)</summary><pre>\(escape(schema.pretty))</pre></details>"
    }

    /// A schema in a word or two.
    private func type(_ schema: JSON) -> String {
        if let name = schema["$ref"]?.stringValue?.split(separator: "/").last {
            return "<a href=\"#\(name)\">\(name)</a>"
        }
        if let parts = schema["anyOf"]?.arrayValue { return parts.map(type).joined(separator: " or ") }
        if let words = schema["enum"]?.arrayValue {
            return escape(words.map { $0.stringValue ?? "null" }.joined(separator: ", "))
        }
        if let items = schema["items"] { return "list of " + type(items) }
        let names = schema["type"]?.arrayValue?.compactMap(\.stringValue) ?? schema["type"]?.stringValue.map { [$0] }
        guard let names else { return "any" }
        let members = (schema["properties"]?.objectValue ?? [:]).map { "\(escape($0.key)): \(type($0.value))" }
        let inside = members.isEmpty ? "" : " {\(members.joined(separator: ", "))}"
        return names.joined(separator: " or ") + inside + (schema["format"]?.stringValue.map { " (\($0))" } ?? "")
    }

    private func escape(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
        return result
    }

    private static let style = """
        body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
        code,pre{font:14px ui-monospace,monospace;background:#f4f4f4;padding:.1em .3em;border-radius:3px}
        pre{padding:1em;overflow:auto}table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;
        border-bottom:1px solid #ddd;padding:.3em .6em .3em 0}section{border-top:1px solid #ddd;padding:.5rem 0}
        nav a{margin-right:1em}h3 b{color:#06c}@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}
        code,pre{background:#2a2a2a}a{color:#8bf}td,th,section{border-color:#444}h3 b{color:#8bf}}
        """
}
