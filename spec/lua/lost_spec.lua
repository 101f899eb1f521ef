-- A connection that is lost in the middle of a read, after the rows of the first level: the read begins again, and the caller does not notice.
local support = require "support"
local schedulers = require "coop.schedulers"

if not support.server then return end

local schema = [[
model Thing {
  id    Int    @id
  name  String @default("x")
  parts Part[]
}
model Part {
  id      Int   @id
  thingId Int
  thing   Thing @relation(fields: [thingId], references: [id])
}
]]

describe("a read whose connection ends between two of its statements", function()
  local db, url
  after_each(support.cleanup)

  -- Reading the parts of thing 2 ends a connection that was opened before the trap was set.
  local function open(options)
    db, url = support.open("postgresql", schema, options)
    db.thing:create_many { data = { { id = 1 }, { id = 2 }, { id = 3 } } }
    db:execute_script [[
      CREATE TABLE armed (at timestamptz);
      CREATE FUNCTION trap() RETURNS boolean LANGUAGE plpgsql VOLATILE AS 'BEGIN
        IF EXISTS (SELECT 1 FROM pg_stat_activity, armed WHERE pid = pg_backend_pid() AND backend_start < at) THEN
          PERFORM pg_terminate_backend(pg_backend_pid());
        END IF;
        RETURN true;
      END';
      DROP TABLE "Part";
      CREATE VIEW "Part" AS SELECT i * 10 AS id, i AS "thingId" FROM (VALUES (1), (2), (3)) t (i), LATERAL (SELECT i <> 2 OR trap() AS ok) o WHERE ok]]
  end
  local function set_trap()
    db.thing:count()
    support.psql("DELETE FROM armed; INSERT INTO armed VALUES (clock_timestamp())", support.database_name(url))
  end

  local function ids(rows)
    local list = {}
    for i, row in ipairs(rows) do
      list[i] = row.id
      for _, part in ipairs(row.parts) do list[i] = list[i] .. ":" .. part.id end
    end
    return table.concat(list, " ")
  end

  local TREE = { order_by = { id = "asc" }, include = { parts = true } }
  local reads = {
    find_many = function() assert.equal("1:10 2:20 3:30", ids(db.thing:find_many(TREE))) end,
    find_first = function()
      local thing = db.thing:find_first { where = { id = { gt = 1 } }, order_by = { id = "asc" }, include = { parts = true } }
      assert.equal("2:20", ids { thing })
    end,
    batch = function()
      local things, count, one = db:batch(function(b)
        b.thing:find_many(TREE)
        b.thing:count()
        b.thing:find_unique { where = { id = 3 } }
      end)
      assert.equal("1:10 2:20 3:30", ids(things))
      assert.same({ 3, 3 }, { count, one.id })
    end,
    each = function()
      local rows = {}
      for row in db.thing:each(TREE) do rows[#rows + 1] = row end
      assert.equal("1:10 2:20 3:30", ids(rows))
    end,
    json = function()
      local args = { order_by = { id = "asc" }, include = { parts = { select = { id = true } } }, as = "json" }
      local expected = '[{"id":1,"name":"x","parts":[{"id":10}]},{"id":2,"name":"x","parts":[{"id":20}]},{"id":3,"name":"x","parts":[{"id":30}]}]'
      assert.equal(expected, db.thing:find_many(args))
    end,
    json_in_pieces = function()
      local pieces = {}
      for piece in db.thing:each { order_by = { id = "asc" }, select = { id = true, parts = { select = { id = true } } }, as = "json" } do
        pieces[#pieces + 1] = piece
      end
      assert.equal('[{"id":1,"parts":[{"id":10}]},{"id":2,"parts":[{"id":20}]},{"id":3,"parts":[{"id":30}]}]', table.concat(pieces))
    end,
    json_in_a_batch = function()
      local things, count = db:batch(function(b)
        b.thing:find_many { order_by = { id = "asc" }, select = { id = true, parts = { select = { id = true } } }, as = "json" }
        b.thing:count()
      end)
      assert.equal('[{"id":1,"parts":[{"id":10}]},{"id":2,"parts":[{"id":20}]},{"id":3,"parts":[{"id":30}]}]', things)
      assert.equal(3, count)
    end,
    with_settings = function() assert.equal("1:10 2:20 3:30", ids(db:with({ session = { ["app.x"] = "1" } }).thing:find_many(TREE))) end,
  }

  for name, read in pairs(reads) do
    it("begins again: " .. name, function()
      open { pool = { size = 2 } }
      for _ = 1, 2 do
        set_trap()
        read()
        read()
      end
      assert.equal(0, db:metrics().pool.in_use)
    end)

    for _, scheduler in ipairs(schedulers.all) do
      it(("begins again under %s: %s"):format(scheduler.name, name), function()
        open { pool = { size = 2 }, wait = scheduler.wait }
        set_trap()
        scheduler.run { read, read, read }
        assert.equal(0, db:metrics().pool.in_use)
      end)
    end
  end

  it("fails within a transaction, and in a loop that has seen rows", function()
    open {}
    set_trap()
    support.fails("P1017", db.transaction, db, function(tx) tx.thing:find_many(TREE) end)
    set_trap()
    local seen = {}
    support.fails("P1017", function()
      for row in db.thing:each { order_by = { id = "asc" }, include = { parts = true }, batch = 1 } do seen[#seen + 1] = row.id end
    end)
    assert.same({ 1 }, seen)
    reads.find_many()
  end)
end)
