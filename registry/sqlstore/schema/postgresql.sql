-- The tables of package sqlstore. Values marked "sealed" are encrypted text.
CREATE TABLE IF NOT EXISTS oauth2_token (
    name          VARCHAR(64)  NOT NULL, -- of the client
    user_id       VARCHAR(255) NOT NULL, -- the application's own; empty for the client itself
    token_type    VARCHAR(40)  NOT NULL,
    access_token  TEXT         NOT NULL, -- sealed
    refresh_token TEXT         NOT NULL, -- sealed, also where there is none
    expires_at    BIGINT       NOT NULL, -- Unix time; 0 if not known
    rest          TEXT         NOT NULL, -- sealed: scope, ID Token and all else, as JSON
    PRIMARY KEY (name, user_id)
);

CREATE TABLE IF NOT EXISTS oauth1_token (
    name               VARCHAR(64)  NOT NULL,
    user_id            VARCHAR(255) NOT NULL,
    oauth_token        TEXT         NOT NULL, -- sealed
    oauth_token_secret TEXT         NOT NULL, -- sealed
    expires_at         BIGINT       NOT NULL, -- Unix time; 0 if not known
    extra              TEXT         NOT NULL, -- sealed: what else came with it, as JSON
    PRIMARY KEY (name, user_id)
);

-- Who may refresh a token now. A row of a process that was killed stays until the next one.
CREATE TABLE IF NOT EXISTS oauth2_lease (
    name       VARCHAR(64)  NOT NULL,
    user_id    VARCHAR(255) NOT NULL,
    holder     VARCHAR(64)  NOT NULL, -- random
    expires_at BIGINT       NOT NULL, -- Unix time, of the database's clock
    PRIMARY KEY (name, user_id)
);
