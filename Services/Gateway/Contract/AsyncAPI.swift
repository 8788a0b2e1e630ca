import JSON
import Jobs

/// The AsyncAPI 3 document of the messages, made from the names and schemas that the broker and the workers are given.
enum AsyncAPI {
    static var document: JSON {
        [
            "asyncapi": "3.0.0",
            "info": [
                "title": "Switchyard", "version": "1",
                "description":
                    "Messages over AMQP 0-9-1: commands to workers, and what became of those that no worker could take.",
            ],
            "defaultContentType": "application/json",
            "channels": [
                "commands": [
                    "address": .string(Topics.jobs),
                    "description":
                        "Direct exchange for commands; the routing key is the job's type. Publish persistent, with confirms: a confirmed command is a job.",
                    "bindings": exchange(Topics.jobs, type: "direct"),
                    "messages": ["command": ["$ref": "#/components/messages/command"]],
                ],
                "events": [
                    "address": .string(Topics.events),
                    "description":
                        "Topic exchange for what happens to jobs; the routing key is `job.<type>.<word>`, where the word is the job's status after the event, `progress`, `checkpoint` or `pull_request`. At least once, in order within a job; `message-id` is the same in every repetition. A new binding may miss what happens in its first second.",
                    "bindings": exchange(Topics.events, type: "topic"),
                    "messages": ["event": ["$ref": "#/components/messages/event"]],
                ],
                "dead": [
                    "address": .string(Topics.dead),
                    "description":
                        "Fanout exchange for commands that cannot be run. The gateways keep them for `GET /dead-letters`.",
                    "bindings": exchange(Topics.dead, type: "fanout"),
                    "messages": ["dead": ["$ref": "#/components/messages/dead"]],
                ],
            ],
            "operations": [
                "submit": [
                    "action": "send", "channel": ["$ref": "#/channels/commands"],
                    "summary": "Submits a job straight to the broker",
                ],
                "followEvents": [
                    "action": "receive", "channel": ["$ref": "#/channels/events"],
                    "summary": "Gets events through a queue of one's own, bound to the keys that are wanted",
                ],
                "readDead": [
                    "action": "receive", "channel": ["$ref": "#/channels/dead"],
                    "summary": "Sees commands that cannot be run, through a queue of one's own",
                ],
            ],
            "components": [
                "messages": [
                    "command": [
                        "name": "command", "title": "A job to be run", "payload": Command.schema,
                        "headers": ["type": "object"],
                    ],
                    "event": ["name": "event", "title": "What happened to a job", "payload": OutgoingEvent.schema],
                    "dead": [
                        "name": "dead", "title": "A command that cannot be run, as it came",
                        "headers": [
                            "type": "object",
                            "properties": JSON.object(deadHeaders),
                        ],
                    ],
                ]
            ],
        ]
    }

    private static var deadHeaders: JSONObject {
        var headers = JSONObject()
        headers[Topics.reasonHeader] = Schema.text.described("Why, in a word.")
        headers[Topics.detailHeader] = Schema.text.described("Why, in a sentence.")
        headers[Topics.routingKeyHeader] = Schema.text.described("The routing key that it came with.")
        return headers
    }

    private static func exchange(_ name: String, type: String) -> JSON {
        ["amqp": ["is": "routingKey", "exchange": ["name": .string(name), "type": .string(type), "durable": true]]]
    }
}
