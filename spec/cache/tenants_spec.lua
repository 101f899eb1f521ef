-- Two tenants of one database never get an answer of each other from the cache, however they are told apart.
local support = require "support"
local rille = require "rille"

local SCHEMA = [[
model Note {
  id     Int    @id @default(autoincrement())
  tenant String
  code   String @unique
  size   Int
  rule   Rule?  @relation(fields: [ruleId], references: [id])
  ruleId Int?
}
model Rule {
  id   Int    @id @default(autoincrement())
  word String
  notes Note[]
}]]

local ROLE = "rille_tenant_role"
local ROLE_SQL = [[
DO $$ BEGIN CREATE ROLE ]] .. ROLE .. [[ NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; WHEN unique_violation THEN NULL; END $$;
GRANT ALL ON ALL TABLES IN SCHEMA public TO ]] .. ROLE .. [[;
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ]] .. ROLE .. [[;
ALTER TABLE "Note" ENABLE ROW LEVEL SECURITY;
]]
local BY_SETTING = ROLE_SQL .. [[CREATE POLICY own ON "Note" USING (tenant = current_setting('app.tenant', true));]]
local BY_OTHER_TABLE = ROLE_SQL .. [[CREATE POLICY own ON "Note" USING (EXISTS (SELECT 1 FROM "Rule" r WHERE r.word = "Note".tenant));]]
local BY_OTHER_ROW = ROLE_SQL .. [[
CREATE FUNCTION few() RETURNS boolean LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) < 2 FROM "Note"';
CREATE POLICY own ON "Note" USING (NOT few());]]

local CACHED = { ttl = 600 }

-- Each read returns something that differs between the tenants of `fill`. `db` is a client of one tenant.
local READS = {
  find_many = function(db, cache) return db.note:find_many({ order_by = { { id = "asc" } }, cache = cache })[1].code end,
  find_first = function(db, cache) return db.note:find_first({ order_by = { { id = "asc" } }, cache = cache }).code end,
  find_first_or_throw = function(db, cache) return db.note:find_first_or_throw({ order_by = { { id = "asc" } }, cache = cache }).code end,
  find_unique = function(db, cache)
    local row = db.note:find_unique { where = { code = "a1" }, cache = cache }
    return row and row.code or "none"
  end,
  find_unique_or_throw = function(db, cache)
    local ok, row = pcall(db.note.find_unique_or_throw, db.note, { where = { code = "a1" }, cache = cache })
    return ok and row.code or row.code
  end,
  count = function(db, cache) return db.note:count { cache = cache } end,
  exists = function(db, cache) return db.note:exists { where = { code = "a1" }, cache = cache } end,
  aggregate = function(db, cache) return db.note:aggregate({ _sum = { size = true }, cache = cache })._sum.size end,
  group_by = function(db, cache) return db.note:group_by({ by = { "tenant" }, _count = true, cache = cache })[1].tenant end,
  json = function(db, cache) return db.note:find_many { order_by = { { id = "asc" } }, as = "json", cache = cache } end,
}

local function fill(db)
  db.note:create_many { data = { { tenant = "a", code = "a1", size = 1 }, { tenant = "a", code = "a2", size = 2 }, { tenant = "b", code = "b1", size = 4 } } }
end

local function answers(db)
  local last
  db:on("cache", function(event) last = event.answer end)
  return function()
    local answer = last
    last = nil
    return answer
  end
end

-- On PostgreSQL nothing is kept before the cache listens.
local function ready(db)
  local answer = answers(db)
  for _ = 1, 2000 do
    db.rule:count { where = { id = 0 }, cache = CACHED }
    if answer() == "hit" then return db end
  end
  error "the cache keeps nothing"
end

-- Compares every read of the tenants with the same one without a cache, three times, so that what one of them has left would be found by the others.
local function compare(tenants)
  for _ = 1, 3 do
    for name, read in pairs(READS) do
      local seen = {}
      for i, tenant in ipairs(tenants) do
        local want = read(tenant, nil)
        seen[i] = want
        assert.equal(want, read(tenant, CACHED), name)
        assert.equal(want, tenant:cached(function() return read(tenant) end, { key = name, ttl = 600 })(), name)
        assert.equal(want, tenant:page("/" .. name, function() return read(tenant) end, CACHED), name)
      end
      assert.not_equal(seen[1], seen[2], name)
    end
  end
  for name, read in pairs(READS) do
    local wants = {}
    for i, tenant in ipairs(tenants) do wants[i] = read(tenant) end
    rille.request(function()
      for _ = 1, 2 do
        for i, tenant in ipairs(tenants) do assert.equal(wants[i], read(tenant), name) end
      end
    end)
  end
end

-- A value of one tenant cannot be made of what another one reads.
local function assert_refused(one, other)
  local e = support.fails("VALIDATION", one:cached(function() return other.note:count() end, { key = "foreign", ttl = 600 }))
  assert.truthy(e.message:find("another database, role, session, scope", 1, true), e.message)
  e = support.fails("VALIDATION", one.page, one, "/foreign", function() return other.note:count { cache = CACHED } end, CACHED)
  assert.truthy(e.message:find("another database, role, session, scope", 1, true), e.message)
end

support.each_engine(function(engine)
  local function open()
    local db = support.open(engine, SCHEMA, { cache = true })
    fill(db)
    return ready(db)
  end

  it("by scopes, on " .. engine, function()
    local db = open()
    local a, b = db:with { scope = { note = { tenant = "a" } } }, db:with { scope = { note = { tenant = "b" } } }
    compare { a, b, db }
    compare { db:with { scope = { note = { tenant = { ["in"] = { "a", "x" } } } } }, db:with { scope = { note = { tenant = { ["in"] = { "b", "x" } } } } } }
    compare { db:with { scope = { note = { OR = { { tenant = "a" } } } } }, db:with { scope = { note = { OR = { { tenant = "b" } } } } } }
    assert_refused(a, b)
    assert_refused(a, db)
    assert_refused(db, a)
    assert_refused(a, a:with { scope = { note = { size = { gt = 0 } } } })
  end)

  it("whose scope a row enters and leaves, on " .. engine, function()
    local db = open()
    local b = db:with { scope = { note = { tenant = "b" } } }
    local ruled = db:with { scope = { note = { rule = { word = "yes" } } } }
    local rule = db.rule:create { data = { word = "yes" } }
    local id = db.note:find_unique({ where = { code = "a1" } }).id
    for _, where in ipairs { { id = id }, { code = "a1" } } do
      local function one(client)
        local row = client.note:find_unique { where = where, cache = CACHED }
        assert.same(row, client.note:find_unique { where = where, cache = CACHED })
        return row and row.code
      end
      assert.same({ nil, nil }, { one(b), one(ruled) })
      db.note:update { where = { id = id }, data = { tenant = "b", ruleId = rule.id } }
      assert.same({ "a1", "a1" }, { one(b), one(ruled) })
      db.note:update { where = { id = id }, data = { tenant = "a" } }
      assert.same({ nil, "a1" }, { one(b), one(ruled) })
      db.rule:update { where = { id = rule.id }, data = { word = "no" } }
      assert.is_nil(one(ruled))
      db.rule:update { where = { id = rule.id }, data = { word = "yes" } }
      assert.equal("a1", one(ruled))
      db.note:update { where = { id = id }, data = { ruleId = rille.null } }
      assert.is_nil(one(ruled))
    end
  end)
end)

if support.server then
  describe("tenants of the cache on postgresql", function()
    after_each(support.cleanup)

    local function open(policy)
      local db, url = support.open("postgresql", SCHEMA, { cache = true })
      support.psql(policy, support.database_name(url))
      fill(db)
      return ready(db), url
    end
    local function by_session(db, name) return db:with { session = { ["app.tenant"] = name, role = ROLE } } end

    it("by settings of the session", function()
      local db = open(BY_SETTING)
      local a, b = by_session(db, "a"), by_session(db, "b")
      compare { a, b, db }
      assert_refused(a, b)
      assert_refused(a, db)
      assert_refused(db, a)
    end)

    it("by `options` in the URL", function()
      local db, url = open(BY_SETTING)
      local function by_url(name)
        return ready(support.connect(url .. "?options=-c%20app.tenant%3D" .. name .. "%20-c%20role%3D" .. ROLE, SCHEMA, { cache = true }))
      end
      local a, b = by_url "a", by_url "b"
      compare { a, b, db }
      assert_refused(a, b)
    end)

    it("whose policies ask other tables see each write of them", function()
      local db = open(BY_OTHER_TABLE)
      local a = by_session(db, "a")
      local calls = 0
      local cached = a:cached(function()
        calls = calls + 1
        return a.note:count()
      end, { key = "few", ttl = 600 })
      local function count() return a.note:count { cache = CACHED } end
      local function one() return a.note:find_unique { where = { code = "a1" }, cache = CACHED } end
      for _ = 1, 2 do assert.same({ 0, 0, nil }, { count(), cached(), one() }) end
      assert.equal(1, calls)
      local rule = db.rule:create { data = { word = "a" } }
      for _ = 1, 2 do assert.same({ 2, 2, "a1" }, { count(), cached(), one().code }) end
      db.rule:delete { where = { id = rule.id } }
      for _ = 1, 2 do assert.same({ 0, 0, nil }, { count(), cached(), one() }) end
    end)

    it("whose policies ask other rows see each write of them", function()
      local db = open(BY_OTHER_ROW)
      local a = by_session(db, "a")
      db.note:delete_many { where = { code = { not_in = { "a1" } } } }
      local function one() return a.note:find_unique { where = { code = "a1" }, cache = CACHED } end
      local first = db.note:find_first {}
      assert.is_nil(one())
      assert.is_nil(one())
      local second = db.note:create { data = { tenant = "b", code = "b2", size = 1 } }
      assert.equal("a1", one().code)
      assert.equal("a1", one().code)
      db.note:delete { where = { id = second.id } } -- the row that is found is not the one that is written
      assert.is_nil(one())
      assert.equal(first.id, db.note:find_first({}).id)
    end)
  end)
end
