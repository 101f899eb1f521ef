-- Prints what to set if the Lua that runs this does not search the given folders: searched.lua SHAREDIR LIBDIR NAME, for `make install`.
local share, lib, name = ...

local function searches(path, template) return (";" .. path .. ";"):find(";" .. template .. ";", 1, true) ~= nil end

local missing = {}
local function want(variable, path, templates)
  for _, template in ipairs(templates) do
    if not searches(path, template) then
      missing[#missing + 1] = ('  export %s="%s;;"'):format(variable, table.concat(templates, ";"))
      return
    end
  end
end

want("LUA_PATH", package.path, { share .. "/?.lua", share .. "/?/init.lua" })
want("LUA_CPATH", package.cpath, { lib .. "/?.so" })
if #missing > 0 then
    print(("%s does not search for modules there; applications need:\n%s\nThe command rille finds them on its own."):format(name, table.concat(missing, "\n")))
end
