CREATE TABLE peer_delivery (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, dedupe_key text NOT NULL UNIQUE, body bytea NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE peer_envelope (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, provider_id text NOT NULL UNIQUE, status text NOT NULL,
  changed_at timestamptz NOT NULL, version integer NOT NULL DEFAULT 1);
CREATE TABLE peer_event (
  sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, envelope_id bigint NOT NULL, version integer NOT NULL,
  type text NOT NULL, status text NOT NULL, recorded_at timestamptz NOT NULL DEFAULT now());
GRANT ALL ON peer_delivery, peer_envelope, peer_event TO PUBLIC;
