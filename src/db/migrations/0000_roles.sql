-- Roles belong to the cluster, databases come and go: another database's migration may have made it.
DO $$ BEGIN CREATE ROLE countersign_app NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
--> statement-breakpoint
GRANT countersign_app TO CURRENT_USER;
--> statement-breakpoint
GRANT USAGE ON SCHEMA public TO countersign_app;
--> statement-breakpoint
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO countersign_app;
--> statement-breakpoint
-- The only clock of SQL. A simulated run sets countersign.now; `countersign serve` refuses to start when it is set.
CREATE FUNCTION countersign_now() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE
  AS $$ SELECT coalesce(nullif(current_setting('countersign.now', true), '')::timestamptz, clock_timestamp()) $$;
