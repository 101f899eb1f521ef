-- Statements that an ALTER TABLE of another session invalidates: names and values belong together, and a transaction is run again.
local support = require "support"

local schema = "model Thing {\n id Int @id\n a String\n b String @default(\"b\")\n}\nmodel Other {\n id Int @id\n n Int @default(0)\n}"

support.each_engine(function(engine)
  local db, other
  before_each(function()
    local url
    db, url = support.open(engine, schema)
    db.thing:create { data = { id = 1, a = "one" } }
    db.other:create { data = { id = 1 } }
    other = support.connect(url, schema)
  end)

  local function alter() other:execute_script [[ALTER TABLE "Thing" ADD COLUMN "x" TEXT DEFAULT 'new'; ALTER TABLE "Thing" DROP COLUMN "b"]] end

  it("gives values under the names that they have now", function()
    local sql = [[SELECT * FROM "Thing"]]
    assert.same({ { id = 1, a = "one", b = "b" } }, db:query_raw(sql))
    alter()
    assert.same({ { id = 1, a = "one", x = "new" } }, db:query_raw(sql))
    other:execute_script [[ALTER TABLE "Thing" RENAME COLUMN "a" TO "z"]]
    assert.same({ { id = 1, z = "one", x = "new" } }, db:query_raw(sql))
    other:execute_script [[ALTER TABLE "Thing" DROP COLUMN "x"]]
    assert.same({ { id = 1, z = "one" } }, db:query_raw [[INSERT INTO "Thing" VALUES (1, 'two') ON CONFLICT (id) DO UPDATE SET z = "Thing".z RETURNING *]])
  end)

  it("does so in a batch and in a transaction", function()
    local sql = [[SELECT * FROM "Thing"]]
    db:query_raw(sql)
    alter()
    local things, count = db:batch(function(b)
      b:query_raw(sql)
      b.other:count()
    end)
    assert.same({ { id = 1, a = "one", x = "new" } }, things)
    assert.equal(1, count)
    other:execute_script [[ALTER TABLE "Thing" RENAME COLUMN "x" TO "y"]]
    db:transaction(function(tx) assert.same({ { id = 1, a = "one", y = "new" } }, tx:query_raw(sql)) end)
  end)

  if engine ~= "postgresql" then return end

  -- The result of this find differs afterwards, for any selection.
  local function widen() other:execute_script [[ALTER TABLE "Thing" ALTER COLUMN "id" TYPE bigint; ALTER TABLE "Other" ALTER COLUMN "id" TYPE bigint]] end
  local function narrow() other:execute_script [[ALTER TABLE "Thing" ALTER COLUMN "id" TYPE int; ALTER TABLE "Other" ALTER COLUMN "id" TYPE int]] end
  local function read(tx)
    return tx.thing:find_many({})[1].id + tx.other:find_many({})[1].id
  end

  it("asks for another run of a transaction, and one is enough", function()
    db:transaction(read)
    widen()
    local e = support.fails("P2034", db.transaction, db, read)
    assert.is_true(e.retryable)
    assert.equal("0A000", e.sqlstate)
    assert.truthy(tostring(e):find("schema of the database has changed", 1, true))
    narrow()
    assert.equal(2, db:transaction(read, { retries = 1 }))
    assert.equal(0, db:metrics().pool.in_use)
  end)

  it("does the same for a raw statement", function()
    db:execute_script [[CREATE FUNCTION peek() RETURNS SETOF "Thing" LANGUAGE plpgsql AS 'BEGIN RETURN QUERY EXECUTE ''EXECUTE peeking''; END']]
    local e = support.fails("P2034", db.transaction, db, function(tx)
      tx:execute_raw [[PREPARE peeking AS SELECT * FROM "Thing"]]
      tx:execute_raw [[ALTER TABLE "Thing" ALTER COLUMN "id" TYPE bigint]]
      tx:query_raw "EXECUTE peeking"
    end)
    assert.is_true(e.retryable)
    support.fails("P2010", db.execute_raw, db, "EXECUTE nothing_of_that_name")
  end)

  it("retries a call with its own transaction, up to its last statement", function()
    local function rename(name)
      return db.thing:update { where = { id = 1 }, data = { a = name }, include = {} }
    end
    rename "two"
    local found = db.other:find_many {}
    assert.equal(1, #found)
    widen()
    rename "three"
    assert.equal("three", db.thing:find_unique({ where = { id = 1 } }).a)
    local things, others = db:batch(function(b)
      b.thing:find_many {}
      b.other:find_many {}
    end, { transaction = true })
    assert.same({ 1, 1 }, { #things, #others })
    narrow()
    things, others = db:batch(function(b)
      b.thing:find_many {}
      b.other:find_many {}
    end, { transaction = true })
    assert.same({ 1, 1 }, { #things, #others })
  end)

  it("does not disturb a loop that reads in batches", function()
    local function count(tx)
      local n = 0
      for _ in tx.thing:each { batch = 1 } do n = n + 1 end
      return n
    end
    assert.equal(1, count(db))
    widen()
    assert.equal(1, count(db))
    assert.equal(1, db:transaction(count))
  end)
end)
