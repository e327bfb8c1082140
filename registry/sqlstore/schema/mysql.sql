-- The tables of package sqlstore. Values marked "sealed" are encrypted text.
-- The keys are bytes, since to most collations of text "a" and "a " are the same.
CREATE TABLE IF NOT EXISTS oauth2_token (
    name          VARBINARY(64)  NOT NULL, -- of the client
    user_id       VARBINARY(255) NOT NULL, -- the application's own; empty for the client itself
    token_type    VARCHAR(40)    NOT NULL,
    access_token  MEDIUMTEXT     NOT NULL, -- sealed
    refresh_token MEDIUMTEXT     NOT NULL, -- sealed, also where there is none
    expires_at    BIGINT         NOT NULL, -- Unix time; 0 if not known
    rest          MEDIUMTEXT     NOT NULL, -- sealed: scope, ID Token and all else, as JSON
    PRIMARY KEY (name, user_id)
) DEFAULT CHARACTER SET ascii COLLATE ascii_bin;

CREATE TABLE IF NOT EXISTS oauth1_token (
    name               VARBINARY(64)  NOT NULL,
    user_id            VARBINARY(255) NOT NULL,
    oauth_token        MEDIUMTEXT     NOT NULL, -- sealed
    oauth_token_secret MEDIUMTEXT     NOT NULL, -- sealed
    expires_at         BIGINT         NOT NULL, -- Unix time; 0 if not known
    extra              MEDIUMTEXT     NOT NULL, -- sealed: what else came with it, as JSON
    PRIMARY KEY (name, user_id)
) DEFAULT CHARACTER SET ascii COLLATE ascii_bin;

-- Who may refresh a token now. A row of a process that was killed stays until the next one.
CREATE TABLE IF NOT EXISTS oauth2_lease (
    name       VARBINARY(64)  NOT NULL,
    user_id    VARBINARY(255) NOT NULL,
    holder     VARCHAR(64)    NOT NULL, -- random
    expires_at BIGINT         NOT NULL, -- Unix time, of the database's clock
    PRIMARY KEY (name, user_id)
) DEFAULT CHARACTER SET ascii COLLATE ascii_bin;
