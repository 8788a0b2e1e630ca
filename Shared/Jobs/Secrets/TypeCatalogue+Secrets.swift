import JSON

/// Where a spec comes from, which decides whether its secrets may come sealed.
public enum SpecOrigin: Sendable {
    /// From a client: its secrets are in the clear, and what looks sealed is refused, so that nobody has what is another's opened for him.
    case client
    /// From a row or a command of ours, which we may have sealed.
    case stored
}

extension TypeCatalogue {
    /// A spec as its client meant it: with its secrets in the clear.
    func plain(
        _ spec: JSON, of type: JobType, namespace: String, from origin: SpecOrigin, prefix: String
    ) throws(SubmissionError) -> JSON {
        guard type.validator.hasSecrets else { return spec }
        let violations = Self.reservedTexts(in: spec, of: type, from: origin)
        guard violations.isEmpty else {
            throw SubmissionError(
                kind: .invalidSpec, detail: "A secret of the spec cannot be taken as it is.",
                violations: violations.moved(below: prefix + "/spec"))
        }
        return try told(below: prefix) { () throws(SpecVaultError) in
            try vault.open(spec, by: type.validator, namespace: namespace)
        }
    }

    /// A plain spec as it is stored.
    func sealed(
        _ spec: JSON, of type: JobType, namespace: String, prefix: String
    ) throws(SubmissionError) -> JSON {
        guard type.validator.hasSecrets else { return spec }
        return try told(below: prefix) { () throws(SpecVaultError) in
            try vault.sealAnew(spec, by: type.validator, namespace: namespace)
        }
    }

    /// What a client has sent for a job, as a schedule or a workflow keeps it: with the secrets of its spec sealed.
    func sealed(job: JSON, namespace: String, prefix: String) throws(SubmissionError) -> JSON {
        guard case .object(var fields) = job, let spec = fields["spec"],
            let type = types[job["type"]?.stringValue ?? ""],
            type.validator.hasSecrets
        else { return job }
        fields["spec"] = try told(below: prefix) { () throws(SpecVaultError) in
            try vault.seal(spec, by: type.validator, namespace: namespace)
        }
        return .object(fields)
    }

    /// The body of a command with its secrets sealed, whether it is valid or not; the same bytes where there is nothing to seal, where
    /// its type is not known, and where it is no JSON.
    ///
    /// - Parameter type: where it was sent to, for a body that does not name a type.
    public func sealed(command body: [UInt8], type: String) -> [UInt8] {
        guard types.values.contains(where: \.validator.hasSecrets) else { return body }
        let json: JSON
        // What is no JSON has no places that a schema could know.
        do { json = try JSON.parse(body) } catch { return body }
        guard case .object(var fields) = json, let spec = fields["spec"],
            let schema = types[fields["type"]?.stringValue ?? type]?.validator,
            let sealed = vault.sealAll(spec, by: schema, namespace: fields["namespace"]?.stringValue ?? "")
        else { return body }
        fields["spec"] = sealed
        return JSON.object(fields).serialized()
    }

    private func told<Output>(
        below prefix: String, _ work: () throws(SpecVaultError) -> Output
    ) throws(SubmissionError) -> Output {
        do { return try work() } catch {
            throw SubmissionError(
                kind: error.kind == .noKey ? .noSealingKey : .invalidSpec,
                detail: "The spec's secrets cannot be kept. \(error)",
                violations: [
                    Violation(
                        at: "\(prefix)/spec\(error.pointer)", rule: "x-secret", message: "cannot be sealed or opened")
                ])
        }
    }

    /// Secrets that cannot be meant so: what is sealed, from a client, and what readers are shown, from anybody.
    private static func reservedTexts(in spec: JSON, of type: JobType, from origin: SpecOrigin) -> [Violation] {
        var found: [Violation] = []
        _ = type.validator.mapSecrets(in: spec) { text, pointer in
            if origin == .client, SealedText.isSealed(text) {
                let message = "a secret must not begin with \"\(SealedText.reserved)\""
                found.append(Violation(at: pointer, rule: "x-secret", message: message))
            } else if text == Redaction.mask {
                let message = "\(Redaction.mask) stands for a secret when it is read; give the secret itself"
                found.append(Violation(at: pointer, rule: "x-secret", message: message))
            }
            return text
        }
        return Array(found.prefix(JSONSchema.violationLimit))
    }
}
