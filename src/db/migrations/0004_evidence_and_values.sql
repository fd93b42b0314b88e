ALTER TABLE "accounts" ADD COLUMN "swept_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "commands" ADD COLUMN "asked_by" text;--> statement-breakpoint
ALTER TABLE "envelopes" ADD COLUMN "evidence_hashes" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "fields" ADD COLUMN "signed_value" text;