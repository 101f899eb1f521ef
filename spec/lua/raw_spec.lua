-- Raw SQL: parameters, fragments, typed results, errors.
local rille = require "rille"
local support = require "support"

local schema = [[
model Item {
  id    Int     @id
  name  String
  price Decimal?
  data  Json?
}
]]

describe("rille.sql", function()
  local function text(...) return tostring(rille.sql(...)) end

  it("numbers its values", function()
    assert.equal("a = $1 AND b = $2", text("a = ? AND b = ?", 1, 2))
    assert.equal("x IN ($1, $2, $3)", text("x IN (?)", rille.join { 1, 2, 3 }))
    assert.equal("a = $1 AND b = $2 OR c = $3", text("? OR c = ?", rille.sql("a = ? AND b = ?", 1, 2), 3))
    assert.equal("SELECT 1 ", text("SELECT 1 ?", rille.empty))
    assert.equal("ORDER BY name DESC", text("ORDER BY ?", rille.raw "name DESC"))
    assert.equal("a = $1 OR a = $2", text("?", rille.join({ rille.sql("a = ?", 1), rille.sql("a = ?", 2) }, " OR ")))
  end)

  it("leaves quotes and comments alone", function()
    assert.equal("'?' \"?\" -- ?\n $1", text("'?' \"?\" -- ?\n ?", 1))
    assert.equal("'it''s ?' /* ? */ $1 $t$ ? $t$", text("'it''s ?' /* ? */ ? $t$ ? $t$", 1))
    assert.equal("a ? b - c / d", text("a ?? b - c / d"))
  end)

  it("separates numbers from words", function()
    assert.equal("a=$1 AND b IN($2)LIMIT $3", text("a=?AND b IN(?)LIMIT?", 1, 2, 3))
    assert.equal("$1 $2", text("?", rille.join({ 1, 2 }, "")))
  end)

  it("counts", function()
    support.fails("P1016", rille.sql, "a = ?")
    support.fails("P1016", rille.sql, "a = ?", 1, 2)
    support.fails("VALIDATION", rille.join, {})
    support.fails("VALIDATION", rille.sql, 5)
  end)
end)

support.each_engine(function(engine)
  local db
  before_each(function()
    db = support.open(engine, schema)
    db.item:create_many { data = { { id = 1, name = "one", price = "1.50", data = { a = 1 } }, { id = 2, name = "two" }, { id = 3, name = "three" } } }
  end)

  it("queries with values in both notations", function()
    assert.same({ { id = 2 } }, db:query_raw('SELECT id FROM "Item" WHERE name = $1', "two"))
    assert.same({ { id = 2 } }, db:query_raw('SELECT id FROM "Item" WHERE name = ?', "two"))
    assert.same({ { id = 1 }, { id = 3 } }, db:query_raw(rille.sql('SELECT id FROM "Item" WHERE id IN (?) ORDER BY id', rille.join { 1, 3 })))
    assert.same({}, db:query_raw('SELECT id FROM "Item" WHERE id = $1', 99))
    assert.same({ { name = "it's" } }, db:query_raw("SELECT 'it''s' AS name"))
  end)

  it("returns typed values", function()
    local row = db:query_raw('SELECT id, name FROM "Item" WHERE id = 1')[1]
    assert.equal("integer", math.type(row.id))
    row = db:query_raw("SELECT 1.5 AS f, NULL AS n, 'x' AS t")[1]
    assert.is_nil(row.n)
    assert.equal("x", row.t)
    assert.equal("1.5", tostring(row.f))
    if engine == "postgresql" then
      row = db:query_raw('SELECT true AS b, price, data, now() AS t, ARRAY[1,2] AS list FROM "Item" WHERE id = 1')[1]
      assert.is_true(row.b)
      assert.equal(rille.decimal "1.5", row.price)
      assert.equal(1, row.data.a)
      assert.truthy(row.t:match "^%d%d%d%d%-.*Z$")
      assert.same({ 1, 2 }, row.list)
    end
  end)

  it("executes and counts", function()
    assert.equal(2, db:execute_raw('UPDATE "Item" SET name = $1 WHERE id > $2', "many", 1))
    assert.equal(0, db:execute_raw('DELETE FROM "Item" WHERE id = ?', 99))
    assert.equal(2, db.item:count { where = { name = "many" } })
    assert.equal(1, db:execute_raw('INSERT INTO "Item" (id, name, price) VALUES (?, ?, ?)', 4, "four", rille.null))
  end)

  it("runs scripts", function()
    db:execute_script [[
      CREATE TABLE extra (n INTEGER);
      INSERT INTO extra VALUES (1), (2);
    ]]
    assert.equal(2, #db:query_raw "SELECT n FROM extra")
  end)

  -- What each of the databases reads in its own way. The same text as a string, a fragment and a statement of a batch.
  local odd = {
    postgresql = {
      { [[SELECT E'it\'s ?' AS a, ? AS b]], "x", { a = "it's ?", b = "x" } },
      { "SELECT E'a'\n -- c\n 'b\\' ?' AS a, ? AS b", "x", { a = "ab' ?", b = "x" } },
      { "SELECT /* a /* ? */ ? */ ? AS b", "x", { b = "x" } },
      { "SELECT 1 AS a$b$c$, ? AS b", "x", { ["a$b$c$"] = 1, b = "x" } },
      { "SELECT $\195\169$ ? $\195\169$ AS a, ? AS b", "x", { a = " ? ", b = "x" } },
      { "SELECT $a$ ? $ab$a$ AS a, ? AS b", "x", { a = " ? $ab", b = "x" } },
      { "SELECT (ARRAY[?, 'y'])[1] AS a", "x", { a = "x" } },
      { "SELECT -- ?\r? AS b", "x", { b = "x" } },
      { "SELECT U&'\\0061?' AS a, 'it''s ?' AS c, ? AS b", "x", { a = "a?", c = "it's ?", b = "x" } },
      { [[SELECT '\' AS "a?", ?AS b]], "x", { ["a?"] = "\\", b = "x" } },
    },
    sqlite = {
      { [[SELECT 'E\' AS E, ? AS b]], "x", { E = "E\\", b = "x" } },
      { "SELECT 1 AS [what?], 2 AS `it's ?`, ? AS b", "x", { ["what?"] = 1, ["it's ?"] = 2, b = "x" } },
      { "SELECT /* a /* ? */ ? AS b -- ?", "x", { b = "x" } },
      { "SELECT /*/ ? */ ? AS b", "x", { b = "x" } },
      { "SELECT ? AS b /* ?", "x", { b = "x" }, open = true },
      { "SELECT -- \r?\n? AS b", "x", { b = "x" } },
      { "SELECT 1 AS a$b$c$, ? AS b", "x", { ["a$b$c$"] = 1, b = "x" } },
      { "SELECT '$\195\169$ ?' AS a, ? AS b", "x", { a = "$\195\169$ ?", b = "x" } },
      { "SELECT ?AS b, 'it''s ?' AS c", "x", { b = "x", c = "it's ?" } },
    },
  }

  it("finds placeholders where the database does", function()
    for _, case in ipairs(odd[engine]) do
      local text, value, row = case[1], case[2], case[3]
      assert.same({ row }, db:query_raw(text, value), text)
      assert.same({ row }, db:query_raw(rille.sql(text, value)), text)
      local within = case.open and rille.sql("?", rille.sql(text, value)) or rille.sql("SELECT * FROM (?\n) AS t WHERE 1 = ?", rille.sql(text, value), 1)
      assert.same({ row }, db:query_raw(within), text)
      assert.same({ row }, db:query_raw(rille.join({ rille.sql(text, value), rille.empty }, "\n")), text)
      local one, two = db:batch(function(b)
        b:query_raw(text, value)
        b:query_raw(rille.sql(text, value))
      end)
      assert.same({ { row }, { row } }, { one, two }, text)
      assert.equal(1, db:execute_raw(rille.sql(text, value)), text)
      support.fails("P1016", db.query_raw, db, text)
      support.fails("P1016", function() return db:query_raw(rille.sql(text, value, value)) end)
    end
  end)

  it("takes an empty list of rille for a list, not for NULL", function()
    local text = engine == "postgresql" and "SELECT cardinality(CAST(? AS int[])) AS n" or "SELECT json_array_length(?) AS n"
    for _, list in ipairs { rille.array {}, rille.json.decode "[]" } do
      assert.same({ { n = 0 } }, db:query_raw(text:gsub("%?", "$1"), list))
      assert.same({ { n = 0 } }, db:query_raw(rille.sql(text, list)))
      assert.same({ { n = 0 } }, (db:batch(function(b) b:query_raw(rille.sql(text, list)) end)))
    end
    assert.same({ {} }, db:query_raw(rille.sql(text, rille.db_null)))
    for mark, name in pairs { [rille.all] = "`rille.all`", [rille.any_null] = "`rille.any_null`" } do
      local e = support.fails("VALIDATION", function() return db:query_raw(rille.sql(text, mark)) end)
      assert.equal("params[1]: expected a value, got " .. name, e.message)
    end
  end)

  if engine == "postgresql" then
    it("keeps `??` an operator, with values and without", function()
      local sql = [[SELECT '{"a": 1}'::jsonb ?? 'a' AS b]]
      assert.same({ { b = true } }, db:query_raw(rille.sql(sql)))
      assert.same({ { b = true } }, (db:batch(function(b) b:query_raw(rille.sql(sql)) end)))
      assert.same({ { b = true } }, db:query_raw(rille.sql(sql .. " WHERE 1 = ?", 1)))
      assert.same({ { b = true } }, db:query_raw(rille.raw((sql:gsub("%?%?", "?")))))
    end)
  end

  it("rejects a fragment that is different on this database", function()
    local other = engine == "postgresql" and "SELECT 1 AS [what?]" or "SELECT $$ ? $$ AS a, ? AS b"
    local fragment = engine == "postgresql" and rille.sql(other) or rille.sql(other, "x")
    support.fails("P1016", db.query_raw, db, fragment)
    support.fails("P1016", db.query_raw, db, rille.sql("? ", fragment))
  end)

  it("splits scripts where the database does", function()
    local script = engine == "postgresql" and [[
      CREATE TABLE extra (n TEXT); /* ; /* ; */ ; */
      INSERT INTO extra VALUES (E'it\'s;'), ($a$;$a$), ($é$;$é$); -- ;
      INSERT INTO extra SELECT ';' AS a$b$c$;
    ]] or [[
      CREATE TABLE extra (n TEXT, [;] TEXT, `;;` TEXT); /* ; /* ; */
      INSERT INTO extra (n) VALUES ('it''s;'), (';\'), ('$a$'); -- ;
      INSERT INTO extra (n) SELECT ';' AS a$b$c$;
    ]]
    db:execute_script(script)
    assert.equal(4, #db:query_raw "SELECT n FROM extra")
  end)

  it("never mixes values into the text", function()
    local evil = "x'; DROP TABLE \"Item\"; --"
    assert.same({}, db:query_raw('SELECT id FROM "Item" WHERE name = ?', evil))
    assert.equal(3, db.item:count())
  end)

  it("reports the message of the database", function()
    local e = support.fails("P2010", db.query_raw, db, "SELEKT 1")
    assert.truthy(e.message:lower():find "syntax")
    support.fails("VALIDATION", db.query_raw, db, 5)
    support.fails("VALIDATION", db.query_raw, db, "SELECT ?", rille.sql("1"))
    support.fails("VALIDATION", db.query_raw, db, rille.sql("SELECT ?", 1), 2)
    assert.is_false(pcall(db.query_raw, db, "SELECT $1"))
    assert.equal(3, db.item:count())
  end)

  it("reports every error of a statement or script in the same way", function()
    for _, sql in ipairs { "SELECT * FROM nothing", 'INSERT INTO "Item" (id, name) VALUES (1, \'again\')', 'INSERT INTO "Item" (id) VALUES (9)', "SELEKT 1" } do
      for _, method in ipairs { "query_raw", "execute_raw", "execute_script" } do
        local e = support.fails("P2010", db[method], db, sql)
        assert.truthy(#e.meta.code > 0, method)
      end
    end
    support.fails("P2010", db.transaction, db, function(tx) tx:execute_script "SELECT 1; SELECT * FROM nothing" end)
  end)

  it("works in transactions", function()
    pcall(db.transaction, db, function(tx)
      tx:execute_raw('DELETE FROM "Item"')
      assert.equal(0, tx:query_raw('SELECT count(*) AS n FROM "Item"')[1].n)
      error "undo"
    end)
    assert.equal(3, db.item:count())
  end)
end)
