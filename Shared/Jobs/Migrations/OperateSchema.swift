extension Migrations {
    /// What operators need: the registry of workers, the audit log, keys that expire and rotate, dead letters that are sent again,
    /// and tables in time partitions, so that old rows go away without mass deletes.
    ///
    /// Choices that carry weight:
    /// - Keys of rows stay local to a partition, without the time in them: the indexes of the hot path keep their width. A key is
    ///   unique over all partitions all the same: `seq` comes from one sequence, a log line written twice has one time, and an
    ///   attempt ends once.
    /// - A new partition is made like the default one, so that a later column or index has one place. The default partition is
    ///   the safety net: what has no partition of its own lands there and is moved out when one is made.
    /// - Whoever reads a job's rows passes the job's `created_at`, which leaves out the partitions before it.
    /// - Identity columns become plain sequences: PostgreSQL 17 attaches no partition that has one of its own.
    /// - Sequences hand out one number at a time: events are read in the order of `seq`.
    static let operateSchema = Migration(
        number: 8, name: "operate",
        sql: #"""
            CREATE TABLE workers (
                id text COLLATE "C" PRIMARY KEY,
                type text COLLATE "C" NOT NULL,
                build text NOT NULL,
                type_version integer NOT NULL,
                schema_version integer NOT NULL,
                host text NOT NULL,
                pid integer NOT NULL,
                slots integer NOT NULL,
                running integer NOT NULL,
                state text COLLATE "C" NOT NULL CHECK (state IN ('active', 'draining', 'drained', 'gone')),
                wanted text COLLATE "C" NOT NULL DEFAULT 'active' CHECK (wanted IN ('active', 'drained')),
                started_at timestamptz NOT NULL DEFAULT now(),
                heartbeat_at timestamptz NOT NULL DEFAULT now()
            ) WITH (fillfactor = 50);

            ALTER TABLE dead_letters
                -- How often the message has come: one that comes again while it is being sent again stays visible.
                ADD COLUMN arrivals integer NOT NULL DEFAULT 1,
                ADD COLUMN redriven_at timestamptz;
            DROP INDEX dead_letters_newest;
            CREATE INDEX dead_letters_newest ON dead_letters (received_at, id);
            CREATE INDEX dead_letters_waiting ON dead_letters (reason, received_at, id) WHERE redriven_at IS NULL;

            ALTER TABLE api_keys
                ADD COLUMN created_by uuid,
                ADD COLUMN expires_at timestamptz,
                ADD COLUMN last_used_at timestamptz,
                ADD COLUMN rotated_at timestamptz,
                ADD COLUMN previous_hash bytea,
                ADD COLUMN previous_until timestamptz,
                ADD CHECK ((previous_hash IS NULL) = (previous_until IS NULL));
            CREATE UNIQUE INDEX api_keys_previous ON api_keys (previous_hash) WHERE previous_hash IS NOT NULL;
            CREATE INDEX api_keys_list ON api_keys (namespace, id);
            -- Until now `admin` was the operator's scope too; the keys that exist keep what they could do.
            UPDATE api_keys SET scopes = scopes || '{operator}'::text[] WHERE 'admin' = ANY(scopes);

            ALTER TABLE files ADD COLUMN used_at timestamptz;
            CREATE INDEX files_uploads ON files (created_at, id) WHERE job_id IS NULL;

            CREATE TABLE audit (
                seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                at timestamptz NOT NULL DEFAULT now(),
                namespace text COLLATE "C" NOT NULL,
                key_id uuid,
                key_name text NOT NULL,
                address text NOT NULL,
                action text COLLATE "C" NOT NULL,
                object text COLLATE "C" NOT NULL,
                outcome text COLLATE "C" NOT NULL,
                details jsonb NOT NULL
            );

            CREATE VIEW time_partitions AS
                SELECT p.relname::text AS parent, c.relname::text AS name, b.bound = 'DEFAULT' AS is_default,
                    substring(b.bound FROM 'TO \(''([^'']+)''\)')::timestamptz AS ends
                FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent JOIN pg_class c ON c.oid = i.inhrelid,
                    LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid) AS bound) b
                WHERE p.relkind = 'p' AND p.relnamespace = current_schema()::regnamespace;

            -- Turns a table into one that is partitioned by a time column; what it holds becomes the first partition.
            CREATE FUNCTION partition_by_time(parent text, key text) RETURNS void LANGUAGE plpgsql AS $$
            DECLARE
                first text := parent || '_first';
                spare text := parent || '_default';
                numbered text;  -- the identity column, of which a table has one at the most
                numbers text;
                next bigint;
                ends timestamptz;
            BEGIN
                EXECUTE format('ALTER TABLE %I RENAME TO %I', parent, first);
                SELECT attname INTO numbered FROM pg_attribute WHERE attrelid = first::regclass AND attidentity <> '';
                IF numbered IS NOT NULL THEN
                    numbers := parent || '_' || numbered || '_numbers';
                    EXECUTE format('SELECT last_value + is_called::integer FROM %s', pg_get_serial_sequence(first, numbered))
                        INTO next;
                    EXECUTE format('ALTER TABLE %I ALTER %I DROP IDENTITY', first, numbered);
                    EXECUTE format('CREATE SEQUENCE %I START %s', numbers, next);
                    EXECUTE format('ALTER TABLE %I ALTER %I SET DEFAULT nextval(%L)', first, numbered, numbers);
                END IF;
                EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL EXCLUDING INDEXES) PARTITION BY RANGE (%I)',
                    parent, first, key);
                IF numbers IS NOT NULL THEN EXECUTE format('ALTER SEQUENCE %I OWNED BY %I.%I', numbers, parent, numbered); END IF;
                EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', spare, first);
                EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I DEFAULT', parent, spare);
                EXECUTE format('SELECT date_trunc(''day'', greatest(max(%I), now()), ''UTC'') + interval ''1 day'' FROM %I',
                    key, first) INTO ends;
                EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (MINVALUE) TO (%L)', parent, first, ends);
            END $$;

            -- Adds a partition, made like the default one, and moves into it what waits there.
            CREATE FUNCTION add_time_partition(parent text, starts timestamptz, ends timestamptz) RETURNS text
            LANGUAGE plpgsql AS $$
            DECLARE
                name text := parent || '_' || to_char(starts AT TIME ZONE 'UTC', 'YYYYMMDD');
                spare text := parent || '_default';
                key text := (SELECT a.attname FROM pg_partitioned_table t
                    JOIN pg_attribute a ON a.attrelid = t.partrelid AND a.attnum = t.partattrs[0]
                    WHERE t.partrelid = parent::regclass);
            BEGIN
                PERFORM set_config('switchyard.moving', 'on', true);
                EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', name, spare);
                EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', spare);
                EXECUTE format('WITH moved AS (DELETE FROM %1$I WHERE %2$I >= %3$L AND %2$I < %4$L RETURNING *)
                    INSERT INTO %5$I SELECT * FROM moved', spare, key, starts, ends, name);
                EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, name, starts, ends);
                PERFORM set_config('switchyard.moving', 'off', true);
                RETURN name;
            END $$;

            CREATE FUNCTION detach_time_partition(parent text, name text) RETURNS void LANGUAGE plpgsql AS $$
            BEGIN
                EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', parent, name);
            END $$;

            -- Drops what was detached; answers how many tables.
            CREATE FUNCTION drop_detached_partitions(parent text) RETURNS integer LANGUAGE plpgsql AS $$
            DECLARE
                name text;
                dropped integer := 0;
            BEGIN
                FOR name IN SELECT relname FROM pg_class
                    WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND NOT relispartition
                        AND left(relname, length(parent) + 1) = parent || '_'
                        AND substr(relname, length(parent) + 2) ~ '^(first|[0-9]{8})$'
                LOOP
                    EXECUTE format('DROP TABLE %I', name);
                    dropped := dropped + 1;
                END LOOP;
                RETURN dropped;
            END $$;

            -- How many rows have no partition of their own, counted up to a thousand.
            CREATE FUNCTION stray_rows(parent text) RETURNS bigint LANGUAGE plpgsql AS $$
            DECLARE
                strays bigint;
            BEGIN
                EXECUTE format('SELECT count(*) FROM (SELECT 1 FROM %I LIMIT 1000) s', parent || '_default') INTO strays;
                RETURN strays;
            END $$;

            SELECT partition_by_time('events', 'at'), partition_by_time('job_logs', 'at'),
                partition_by_time('executions', 'finished_at'), partition_by_time('audit', 'at');
            -- What jobs report about single records grows in the same way, where an earlier step has made it.
            SELECT partition_by_time(name, 'at') FROM unnest(ARRAY['job_errors', 'job_samples']) AS t (name)
                WHERE to_regclass(name) IS NOT NULL;

            -- The log of actions grows and is never rewritten; only whole partitions go, when they are old.
            CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF current_setting('switchyard.moving', true) = 'on' THEN RETURN OLD; END IF;
                RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
            END $$;
            CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION refuse_change();
            """#)
}
