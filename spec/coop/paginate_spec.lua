-- A page and its total are one round trip, as a proxy counts them.
local cqueues = require "cqueues"
local support = require "support"
local Proxy = require "coop.proxy"
local schema = require "lua.blog_schema"

describe("paginate", function()
  after_each(support.cleanup)

  it("is one round trip", function()
    if not support.server then return pending "needs a server" end
    local queue, failure = cqueues.new(), nil
    queue:wrap(function()
      local ok, e = pcall(function()
        local first, url = support.open("postgresql", schema)
        for i = 1, 9 do first.tag:create { data = { name = "t" .. i } } end
        local proxy = Proxy.open(url)
        local db = support.connect(proxy.url, schema, { wait = "cqueues", pool = { size = 1 } })
        db.tag:paginate { per_page = 2 } -- connects
        local page
        assert.equal(1, proxy:count(function() page = db.tag:paginate { page = "2", per_page = 4 } end))
        assert.same({ 4, 9, 3 }, { #page.rows, page.total, page.pages })
        assert.equal(1, proxy:count(function() page = db.tag:paginate { per_page = 4, after = page.next } end))
        assert.same({ 1, false }, { #page.rows, page.has_next })
        assert.equal(1, proxy:count(function() db.tag:paginate { per_page = 4, before = page.previous, total = true } end))
        db:close()
        proxy:close()
      end)
      if not ok then failure = e end
    end)
    assert(queue:loop())
    if failure then error(failure, 0) end
  end)
end)
