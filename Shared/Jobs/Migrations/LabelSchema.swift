extension Migrations {
    /// Jobs by label, so that a list by a rare label costs as little among millions of jobs as among thousands.
    ///
    /// A label's rows never change: the status is looked up in the job, and a job that moves costs nothing here.
    static let labelSchema = Migration(
        number: 9, name: "labels",
        sql: """
            CREATE TABLE job_labels (
                namespace text COLLATE "C" NOT NULL,
                key text COLLATE "C" NOT NULL,
                value text COLLATE "C" NOT NULL,
                job_id uuid NOT NULL,
                PRIMARY KEY (namespace, key, value, job_id)
            );
            INSERT INTO job_labels SELECT namespace, key, value, id FROM jobs, jsonb_each_text(labels);

            CREATE FUNCTION add_job_labels() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO job_labels (namespace, key, value, job_id)
                SELECT j.namespace, l.key, l.value, j.id FROM added j, jsonb_each_text(j.labels) l
                ON CONFLICT DO NOTHING;
                RETURN NULL;
            END $$;
            CREATE TRIGGER add_labels AFTER INSERT ON jobs REFERENCING NEW TABLE AS added
                FOR EACH STATEMENT EXECUTE FUNCTION add_job_labels();

            CREATE FUNCTION remove_job_labels() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                DELETE FROM job_labels d USING jsonb_each_text(OLD.labels) l
                WHERE d.namespace = OLD.namespace AND d.key = l.key AND d.value = l.value AND d.job_id = OLD.id;
                RETURN NULL;
            END $$;
            CREATE TRIGGER remove_labels AFTER DELETE ON jobs
                FOR EACH ROW WHEN (OLD.labels <> '{}') EXECUTE FUNCTION remove_job_labels();
            """)

    /// The statements that insert jobs write the labels themselves (see `JobStore.labelling`): a trigger doubles what that costs.
    ///
    /// A process of the build before that still runs adds jobs that no list by label finds; stop it before this step.
    static let labelInsertSchema = Migration(
        number: 10, name: "label inserts",
        sql: """
            DROP TRIGGER add_labels ON jobs;
            DROP FUNCTION add_job_labels();
            """)
}
