-- Full text: a tsquery of the server stays one, everything else is words, and no text is a syntax error.
local rille = require "rille"
local support = require "support"

local schema = [[
model Text {
  id    Int     @id
  title String
  body  String?
}
]]

local ROWS = {
  { id = 1, title = "a wood fountain", body = "stone and water" },
  { id = 2, title = "the wood", body = "a fountain" },
  { id = 3, title = "fountain of wood", body = "wood, wood and water" },
  { id = 4, title = "nothing", body = nil },
}

-- What the server says of a text: what it is to to_tsquery, NULL where that refuses it.
local TSQUERY = [[
CREATE FUNCTION as_tsquery(t text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN RETURN to_tsquery(t)::text; EXCEPTION WHEN OTHERS THEN RETURN NULL; END $$]]

-- What texts are made of by chance, the signs of both languages above all.
local PIECES = {
  "wood", "cat", "b1", "or", " ", " ", "  ", "\t", "\n", "!", "&", "|", "(", ")", "<", "-", ">", "<->", "<2>", "<16384>", "<16385>",
  "<99999999999>", "'", "''", "\\", ":", "*", ":*", ":a", ":B*", '"', ".", "/", ",", "$", "%", " & ", " | ", "'a b'",
  "\227\128\128", "\194\160", "\226\128\131", "\195\166", "\240\159\152\128",
}

-- The same numbers in every Lua and at every run.
local function generator(seed)
  return function(n)
    seed = (seed * 16807) % 2147483647
    return seed % n + 1
  end
end

local function random_text(random)
  local pieces = {}
  for i = 1, random(12) do pieces[i] = PIECES[random(#PIECES)] end
  return table.concat(pieces)
end

describe("full text on postgresql", function()
  if not support.server then return end
  local db

  setup(function()
    db = support.open("postgresql", schema)
    db.text:create_many { data = ROWS }
    db:execute_script(TSQUERY)
  end)
  teardown(support.cleanup)

  local function found(search, fields)
    local where = {}
    for _, name in ipairs(fields or { "title" }) do where[name] = { search = search } end
    local ids = {}
    for i, row in ipairs(db.text:find_many { where = where, order_by = { id = "asc" } }) do ids[i] = row.id end
    return table.concat(ids, " ")
  end

  it("all plain words must match, quotes make a phrase, a minus excludes", function()
    assert.equal("1 3", found "wood fountain")
    assert.equal("1 3", found "  fountain wood  ")
    assert.equal("1", found '"wood fountain"')
    assert.equal("2", found "the wood -fountain")
    assert.equal("1 2 3 4", found "wood or nothing or")
    assert.equal("1 3", found "wood fountain!")
    assert.equal("", found "")
    assert.equal("", found "   ")
  end)

  it("a tsquery is one", function()
    assert.equal("1 3", found "wood & fountain")
    assert.equal("1 2 3 4", found "wood | nothing")
    assert.equal("1", found "wood <-> fountain")
    assert.equal("2 4", found "!fountain")
    assert.equal("1 2 3", found "woo:*")
    assert.equal("1", found "'wood fountain'")
    assert.equal("3", found "fountain & (wood & !(wood <-> fountain))")
  end)

  it("words may be found in several fields together", function()
    assert.equal("1 2 3", found("wood fountain", { "title", "body" }))
    assert.equal("1 3", found("wood water", { "title", "body" }))
    assert.equal("2", found("wood -water", { "title", "body" }))
    local either = { OR = { { title = { search = "wood water" } }, { body = { search = "wood water" } } } }
    assert.equal(2, db.text:count { where = either })
    assert.equal(2, db.text:count { where = { NOT = either } })
    assert.equal(2, db.text:count { where = { title = { not_ = { search = "wood fountain" } } } })
  end)

  it("relevance takes the same texts", function()
    local function first(search)
      local order = { { _relevance = { fields = { "title", "body" }, search = search, sort = "desc" } }, { id = "asc" } }
      return db.text:find_many({ order_by = order })[1].id
    end
    assert.equal(3, first "wood fountain")
    assert.equal(3, first "wood & fountain")
    assert.equal(4, first "nothing )")
    assert.equal(1, first "((( what' is : this")
    local rows = db.text:find_many {
      where = { title = { search = "wood fountain" } },
      order_by = { { _relevance = { fields = "title", search = "wood fountain", sort = "desc" } }, { id = "asc" } },
      take = 1,
    }
    assert.equal(1, #rows)
  end)

  it("one program serves both kinds of text", function()
    local told = db.text:explain { where = { title = { search = "wood fountain" } } }
    assert.truthy(told.statements[1].sql:find("@@ COALESCE(to_tsquery($1), websearch_to_tsquery($2))", 1, true), told.statements[1].sql)
    for _ = 1, 3 do
      assert.equal("1 3", found "wood fountain")
      assert.equal("1 3", found "wood & fountain")
    end
  end)

  it("no text is a syntax error, and rille's own reading is the server's", function()
    local random = generator(20261)
    local texts, read_as = {}, {}
    local off = db:on("query", function(event) read_as[#read_as + 1] = event.params:find '^%["' and "query" or "words" end)
    for i = 1, 1500 do
      texts[i] = random_text(random)
      db.text:count { where = { title = { search = texts[i] } } }
    end
    off()
    assert.equal(#texts, #read_as)
    local server = db:query_raw("SELECT as_tsquery(t) AS q FROM unnest(?::text[]) WITH ORDINALITY AS u(t, n) ORDER BY n", rille.array(texts))
    local queries = 0
    for i, text in ipairs(texts) do
      if read_as[i] == "query" then
        queries = queries + 1
        assert.truthy(server[i].q, "the server refuses " .. text)
      elseif not text:find "[\128-\255]" and text:find "%S" then
        assert.is_nil(server[i].q, "the server takes " .. text)
      end
    end
    assert.truthy(queries > 100, queries)
  end)

  it("the longest texts, and endless signs, are read or rejected as too long", function()
    for _, text in ipairs {
      ("wood "):rep(4000), ("wood, "):rep(4000), ("("):rep(5000), ("("):rep(800) .. "wood" .. (")"):rep(800),
      ("!"):rep(100) .. "wood",
      ("-"):rep(101) .. "wood", ("- "):rep(100) .. "wood", ("a -"):rep(1000), ('"'):rep(3001), ("wood & "):rep(3000) .. "b",
      ("or "):rep(3000), ("-wood or "):rep(1999), ("x"):rep(40000), ("a,"):rep(4000), '"' .. ("a "):rep(4000) .. '"',
      ("wood | !"):rep(3000) .. "b", ("!("):rep(900) .. "wood" .. (")"):rep(900), ("'"):rep(5001), ("\\"):rep(5001),
    } do
      assert.truthy(pcall(db.text.count, db.text, { where = { title = { search = text } } }), text:sub(1, 60))
    end
    assert.equal("4", found(("-"):rep(101) .. "wood nothing"))
    assert.equal("1 2 3", found(("-"):rep(100) .. "wood"))
    for _, text in ipairs { ("wood "):rep(4001), ("x"):rep(40001) } do
      local e = support.fails("VALIDATION", found, text)
      assert.equal("where.title.search: the text is too long; a search can have at most 4000 words and 40000 bytes", e.message)
    end
  end)
end)

describe("full text on sqlite", function()
  after_each(support.cleanup)

  it("is refused, with what there is instead", function()
    local db = support.open("sqlite", schema)
    local LACKS = "`search` and `_relevance` need full-text search, which this database does not have; use `contains`, or `query_raw` on an FTS5 table"
    for _, args in ipairs {
      { where = { title = { search = "wood" } } },
      { order_by = { _relevance = { fields = "title", search = "wood", sort = "desc" } } },
    } do
      local e = support.fails("P2026", db.text.find_many, db.text, args)
      assert.equal(LACKS, e.message)
    end
  end)
end)
