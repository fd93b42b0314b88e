DROP INDEX "commands_one_open";--> statement-breakpoint
ALTER TABLE "envelopes" ADD COLUMN "provider_options" jsonb;--> statement-breakpoint
CREATE UNIQUE INDEX "commands_one_open" ON "commands" USING btree ("tenant_id","envelope_id","kind") WHERE state in ('INTENDED', 'ATTEMPTED') or state = 'UNCERTAIN' and next_try_at is not null;