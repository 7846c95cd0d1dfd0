-- A session of the first release, as its sqlite3 would dump it. Never to be changed.
BEGIN TRANSACTION;
CREATE TABLE agentkit_entries (
            session_id TEXT NOT NULL REFERENCES agentkit_sessions,
            number INTEGER NOT NULL,      -- 0, 1, ... within the session
            written_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
            entry TEXT NOT NULL,          -- JSON, see agentkit.sessions.entries
            PRIMARY KEY (session_id, number)
        ) STRICT, WITHOUT ROWID
        ;
INSERT INTO "agentkit_entries" VALUES('ada',0,'2026-11-24T22:28:04.194Z','{"start":0,"messages":[{"text":"1 + 2?","kind":"user"}],"kind":"messages"}');
INSERT INTO "agentkit_entries" VALUES('ada',1,'2026-11-24T22:28:04.195Z','{"usage":{"turns":0,"canvases":0,"denoising_steps":0,"prompt_tokens":0,"output_tokens":0,"repairs":0,"tool_calls":0,"seconds":0.000166179000189004},"kind":"usage"}');
INSERT INTO "agentkit_entries" VALUES('ada',2,'2026-11-24T22:28:04.200Z','{"canvas":{"index":0,"tokens":[],"entropies":[],"steps":1,"reason":"stable","seed":null,"stopped":true,"text":"","probabilities":[],"departures":[]},"kind":"canvas"}');
INSERT INTO "agentkit_entries" VALUES('ada',3,'2026-11-24T22:28:04.200Z','{"usage":{"turns":1,"canvases":0,"denoising_steps":0,"prompt_tokens":0,"output_tokens":0,"repairs":0,"tool_calls":0,"seconds":0.016170025000064925},"kind":"usage"}');
INSERT INTO "agentkit_entries" VALUES('ada',4,'2026-11-24T22:28:04.204Z','{"start":1,"messages":[{"parts":[{"name":"add","arguments":{"a":1,"b":2},"id":"call_1","raw":"","fault":null,"certainty":{},"kind":"tool_call"}],"model":"scripted","tokens":null,"kind":"assistant"}],"kind":"messages"}');
INSERT INTO "agentkit_entries" VALUES('ada',5,'2026-11-24T22:28:04.204Z','{"usage":{"turns":1,"canvases":1,"denoising_steps":1,"prompt_tokens":0,"output_tokens":0,"repairs":0,"tool_calls":0,"seconds":0.019863174999954936},"kind":"usage"}');
INSERT INTO "agentkit_entries" VALUES('ada',6,'2026-11-24T22:28:04.208Z','{"call_id":"call_1","kind":"begun"}');
INSERT INTO "agentkit_entries" VALUES('ada',7,'2026-11-24T22:28:04.208Z','{"usage":{"turns":1,"canvases":1,"denoising_steps":1,"prompt_tokens":0,"output_tokens":0,"repairs":0,"tool_calls":1,"seconds":0.02411867799992251},"kind":"usage"}');
INSERT INTO "agentkit_entries" VALUES('ada',8,'2026-11-24T22:28:04.212Z','{"result":{"call_id":"call_1","name":"add","content":3,"is_error":false},"faulty":false,"costs_retry":false,"kind":"answer"}');
INSERT INTO "agentkit_entries" VALUES('ada',9,'2026-11-24T22:28:04.212Z','{"usage":{"turns":1,"canvases":1,"denoising_steps":1,"prompt_tokens":0,"output_tokens":0,"repairs":0,"tool_calls":1,"seconds":0.028212237999923673},"kind":"usage"}');
INSERT INTO "agentkit_entries" VALUES('ada',10,'2026-11-24T22:28:04.216Z','{"start":2,"messages":[{"results":[{"call_id":"call_1","name":"add","content":3,"is_error":false}],"kind":"tool"}],"kind":"messages"}');
INSERT INTO "agentkit_entries" VALUES('ada',11,'2026-11-24T22:28:04.216Z','{"usage":{"turns":1,"canvases":1,"denoising_steps":1,"prompt_tokens":0,"output_tokens":0,"repairs":0,"tool_calls":1,"seconds":0.03202964399997654},"kind":"usage"}');
CREATE TABLE agentkit_schema (version INTEGER NOT NULL) STRICT;
INSERT INTO "agentkit_schema" VALUES(1);
CREATE TABLE agentkit_sessions (
            session_id TEXT PRIMARY KEY,
            owner TEXT                    -- of the run that writes; NULL when none does
        ) STRICT
        ;
INSERT INTO "agentkit_sessions" VALUES('ada',NULL);
COMMIT;
