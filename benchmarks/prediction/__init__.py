"""Are predictions better than simple rules, on histories of real projects with planted mistakes?"""
