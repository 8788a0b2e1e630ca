import JSON

extension PageImages {
    /// JSON Schema of the spec's member `page_images`.
    static var schema: JSON {
        [
            "type": ["object", "null"], "additionalProperties": false,
            "description": "Pictures of the pages of PDFs; none by default.",
            "properties": [
                "size": [
                    "type": "integer", "minimum": 64, "maximum": 4000, "default": 1600,
                    "description": "The longer side, in pixels.",
                ],
                "format": [
                    "type": "string", "enum": .array(Format.allCases.map { .string($0.rawValue) }), "default": "png",
                ],
                "thumbnail_size": [
                    "type": "integer", "minimum": 0, "maximum": 1000, "default": 200,
                    "description": "The longer side of a second, smaller picture; 0 for none.",
                ],
            ],
        ]
    }
}
