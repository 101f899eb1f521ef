-- Creates the benchmark's database: 10,000 users with 10 posts each, 1,000 tags, 3 tags per post. Both databases compute the same rows from the row's
-- number, so no data is sent, and the seed is the constants below.
local seed = {}

local USERS, POSTS, TAGS = 10000, 100000, 1000
local WORDS = ("a library that is small enough to be read in an evening is one that people will dare to change; so keep the names short, the "
  .. "functions shorter, say why and not what, measure before you believe, and throw away what nobody would miss if it were gone tomorrow "):rep(3)

-- Returns SQL for a number below n, the same on both databases: two steps of a multiplicative generator, within 64 bits.
local function mixed(i, salt, n) return ("((((%s * 48271 + %d) %% 2147483647) * 69621) %% 2147483647 %% %d)"):format(i, salt, n) end

local dialects = {
  sqlite = {
    numbers = function(n) return ("(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT i FROM n)"):format(n) end,
    time = function(seconds, ms)
      return ("strftime('%%Y-%%m-%%dT%%H:%%M:%%S', 1704067200 + %s, 'unixepoch') || printf('.%%03d+00:00', %s)"):format(seconds, ms)
    end,
    boolean = function(expression) return expression end,
    before = [[
      CREATE TABLE "User" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "email" TEXT NOT NULL, "name" TEXT,
        "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, "postCount" INTEGER NOT NULL DEFAULT 0);
      CREATE TABLE "Post" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "title" TEXT NOT NULL, "content" TEXT,
        "published" BOOLEAN NOT NULL DEFAULT false, "views" INTEGER NOT NULL DEFAULT 0, "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
        "authorId" INTEGER NOT NULL, CONSTRAINT "Post_authorId_fkey" FOREIGN KEY ("authorId") REFERENCES "User" ("id") ON DELETE RESTRICT ON UPDATE CASCADE);
      CREATE TABLE "Tag" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "name" TEXT NOT NULL);
      CREATE TABLE "_PostToTag" ("A" INTEGER NOT NULL, "B" INTEGER NOT NULL,
        CONSTRAINT "_PostToTag_A_fkey" FOREIGN KEY ("A") REFERENCES "Post" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
        CONSTRAINT "_PostToTag_B_fkey" FOREIGN KEY ("B") REFERENCES "Tag" ("id") ON DELETE CASCADE ON UPDATE CASCADE);
      BEGIN]],
    after = [[
      CREATE UNIQUE INDEX "_PostToTag_AB_unique" ON "_PostToTag" ("A", "B");
      COMMIT;
      ANALYZE;
      PRAGMA wal_checkpoint(TRUNCATE)]],
  },
  postgresql = {
    numbers = function(n) return ("generate_series(1::bigint, %d) AS n(i)"):format(n) end,
    time = function(seconds, ms) return ("timestamp '2024-01-01' + %s * interval '1 second' + %s * interval '1 millisecond'"):format(seconds, ms) end,
    boolean = function(expression) return "(" .. expression .. ") = 1" end,
    before = [[
      CREATE TABLE "User" ("id" SERIAL NOT NULL, "email" TEXT NOT NULL, "name" TEXT, "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
        "postCount" INTEGER NOT NULL DEFAULT 0, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
      CREATE TABLE "Post" ("id" SERIAL NOT NULL, "title" TEXT NOT NULL, "content" TEXT, "published" BOOLEAN NOT NULL DEFAULT false,
        "views" INTEGER NOT NULL DEFAULT 0, "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, "authorId" INTEGER NOT NULL,
        CONSTRAINT "Post_pkey" PRIMARY KEY ("id"));
      CREATE TABLE "Tag" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, CONSTRAINT "Tag_pkey" PRIMARY KEY ("id"));
      CREATE TABLE "_PostToTag" ("A" INTEGER NOT NULL, "B" INTEGER NOT NULL, CONSTRAINT "_PostToTag_AB_pkey" PRIMARY KEY ("A", "B"))]],
    after = [[
      ALTER TABLE "Post" ADD CONSTRAINT "Post_authorId_fkey" FOREIGN KEY ("authorId") REFERENCES "User" ("id") ON DELETE RESTRICT ON UPDATE CASCADE;
      ALTER TABLE "_PostToTag" ADD CONSTRAINT "_PostToTag_A_fkey" FOREIGN KEY ("A") REFERENCES "Post" ("id") ON DELETE CASCADE ON UPDATE CASCADE;
      ALTER TABLE "_PostToTag" ADD CONSTRAINT "_PostToTag_B_fkey" FOREIGN KEY ("B") REFERENCES "Tag" ("id") ON DELETE CASCADE ON UPDATE CASCADE;
      SELECT setval('"User_id_seq"', 10000); SELECT setval('"Post_id_seq"', 100000); SELECT setval('"Tag_id_seq"', 1000)]],
  },
}

local function insert_users(d)
  return ('INSERT INTO "User" ("id", "email", "name", "createdAt", "postCount") SELECT i, \'user\' || i || \'@example.com\', '
    .. "CASE WHEN i %% 7 = 0 THEN NULL ELSE 'User Name ' || i END, %s, 0 FROM %s"):format(d.time("i", "(i * 31 % 1000)"), d.numbers(USERS))
end

local function insert_posts(d)
  local content = ("substr('%s', 1 + CAST(%s AS INTEGER), 110 + CAST(%s AS INTEGER))"):format(WORDS, mixed("i", 7, 200), mixed("i", 13, 90))
    -- 100003 is prime: every post has its own minute, in another order than the ids.
  local time = d.time("(i * 48271 % 100003 * 60 + i % 60)", "(i * 37 % 1000)")
  return ('INSERT INTO "Post" ("id", "title", "content", "published", "views", "createdAt", "authorId") SELECT i, \'Post title number \' || i, '
    .. "CASE WHEN i %% 11 = 0 THEN NULL ELSE %s END, %s, %s, %s, (i - 1) / 10 + 1 FROM %s")
    :format(content, d.boolean(mixed("i", 3, 2)), mixed("i", 5, 10000), time, d.numbers(POSTS))
end

-- Three different tags per post: each step is at least one, and all together are less than the number of tags.
local function insert_links(d, nth)
  local first, second, third = mixed("i", 17, TAGS), "1 + " .. mixed("i", 19, 300), "1 + " .. mixed("i", 23, 300)
  local steps = { first, ("(%s + %s)"):format(first, second), ("(%s + %s + %s)"):format(first, second, third) }
  return ('INSERT INTO "_PostToTag" ("A", "B") SELECT i, %s %% %d + 1 FROM %s'):format(steps[nth], TAGS, d.numbers(POSTS))
end

-- `handle` is an open yardstick on an empty database.
function seed.run(handle, engine)
  local d = dialects[engine]
  handle:exec(d.before)
  handle:exec(insert_users(d))
  handle:exec(insert_posts(d))
  handle:exec(('INSERT INTO "Tag" ("id", "name") SELECT i, \'tag-\' || i FROM %s'):format(d.numbers(TAGS)))
  for nth = 1, 3 do handle:exec(insert_links(d, nth)) end
  handle:exec [[CREATE UNIQUE INDEX "User_email_key" ON "User" ("email")]]
  handle:exec [[CREATE UNIQUE INDEX "Tag_name_key" ON "Tag" ("name")]]
  handle:exec [[CREATE INDEX "Post_authorId_idx" ON "Post" ("authorId")]]
  handle:exec [[CREATE INDEX "Post_createdAt_idx" ON "Post" ("createdAt")]]
  handle:exec [[CREATE INDEX "_PostToTag_B_index" ON "_PostToTag" ("B")]]
  handle:exec(d.after)
  if engine == "postgresql" then handle:exec "VACUUM (FREEZE, ANALYZE)" end
end

return seed
