extension Migrations {
    /// Crawls: the frontier, who works on which host, and the pages that were made.
    ///
    /// - A crawl outlives its job's attempts, and a job that goes on from another one's checkpoint goes on with its crawl.
    /// - `crawl_urls` has each URL once, by the first 16 bytes of the SHA-256 of its canonical form. What waits is found by host, in the order of depth and
    ///   discovery, by an index that holds nothing else: taking the next URLs costs the same however many are done. Readers find theirs by number, or by
    ///   state; of those that wait they pass over entries that are dead until the next vacuum.
    /// - A host belongs to one share of the crawl at a time, until `owned_until`; only its owner fetches from it. `is_open` is
    ///   `waiting > 0`, apart from it so that a count that changes leaves the index alone.
    /// - `crawl_templates` counts the pages of each kind of URL, so that a trap is bounded across kills.
    /// - `text_bytes` of a page is what its texts and links have together, so that an answer can be cut to a size without reading them.
    static let crawlSchema = Migration(
        number: 15, name: "crawls",
        sql: """
            CREATE TABLE crawls (
                number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                id uuid NOT NULL UNIQUE,
                namespace text COLLATE "C" NOT NULL,
                job_id uuid NOT NULL,
                discovered bigint NOT NULL DEFAULT 0,
                finished bigint NOT NULL DEFAULT 0,
                pages bigint NOT NULL DEFAULT 0,
                failed bigint NOT NULL DEFAULT 0,
                skipped bigint NOT NULL DEFAULT 0,
                bytes bigint NOT NULL DEFAULT 0,
                seconds double precision NOT NULL DEFAULT 0,
                created_at timestamptz NOT NULL DEFAULT now()
            ) WITH (fillfactor = 50);
            CREATE INDEX crawls_job ON crawls (job_id);

            CREATE TABLE crawl_shares (
                crawl bigint NOT NULL,
                owner uuid NOT NULL,
                seen_until timestamptz NOT NULL,
                PRIMARY KEY (crawl, owner)
            );

            CREATE TABLE crawl_hosts (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                crawl bigint NOT NULL,
                origin text COLLATE "C" NOT NULL,
                waiting bigint NOT NULL DEFAULT 0,
                is_open boolean NOT NULL DEFAULT false,
                owner uuid,
                owned_until timestamptz,
                next_at timestamptz,
                robots bytea,
                robots_status smallint,
                robots_at timestamptz,
                UNIQUE (crawl, origin)
            ) WITH (fillfactor = 50);
            CREATE INDEX crawl_hosts_open ON crawl_hosts (crawl, id) WHERE is_open;
            CREATE INDEX crawl_hosts_owner ON crawl_hosts (owner) WHERE owner IS NOT NULL;

            CREATE TABLE crawl_urls (
                crawl bigint NOT NULL,
                key uuid NOT NULL,
                id bigint GENERATED ALWAYS AS IDENTITY,
                host_id bigint NOT NULL,
                referrer bigint,
                depth smallint NOT NULL,
                hops smallint NOT NULL,
                tries smallint NOT NULL DEFAULT 0,
                status smallint,
                kind text COLLATE "C" NOT NULL CHECK (kind IN ('page', 'sitemap')),
                state text COLLATE "C" NOT NULL DEFAULT 'waiting'
                    CHECK (state IN ('waiting', 'page', 'sitemap', 'redirect', 'failed', 'skipped')),
                reason text COLLATE "C",
                url text COLLATE "C" NOT NULL,
                location text,
                etag text,
                last_modified text,
                fetched_at timestamptz,
                PRIMARY KEY (crawl, key)
            ) WITH (fillfactor = 90);
            CREATE INDEX crawl_urls_waiting ON crawl_urls (host_id, depth, id) WHERE state = 'waiting';
            CREATE INDEX crawl_urls_number ON crawl_urls (crawl, id);
            CREATE INDEX crawl_urls_state ON crawl_urls (crawl, state, id);

            CREATE TABLE crawl_templates (
                host_id bigint NOT NULL,
                template bigint NOT NULL,
                fetched integer NOT NULL,
                fresh integer NOT NULL,
                PRIMARY KEY (host_id, template)
            ) WITH (fillfactor = 70);

            CREATE TABLE crawl_pages (
                crawl bigint NOT NULL,
                number bigint NOT NULL,
                host_id bigint NOT NULL,
                url text NOT NULL,
                status smallint NOT NULL,
                depth smallint NOT NULL,
                fetched_at timestamptz NOT NULL,
                title text,
                description text,
                language text,
                canonical text,
                words integer NOT NULL,
                content bytea,
                simhash bigint,
                duplicate_of bigint,
                is_near boolean NOT NULL DEFAULT false,
                text_bytes integer NOT NULL,
                markdown text NOT NULL,
                metadata jsonb NOT NULL,
                links jsonb NOT NULL,
                PRIMARY KEY (crawl, number)
            );
            CREATE INDEX crawl_pages_host ON crawl_pages (host_id, number);
            CREATE INDEX crawl_pages_content ON crawl_pages (crawl, content) WHERE content IS NOT NULL AND duplicate_of IS NULL;
            """)
}
